"""Completion scripts: each asks `notifyctl` itself, through the environment, what could come next."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "_NOTIFYCTL_COMPLETE"
"""While it is set `notifyctl` answers a shell instead of running a command."""

_BASH: Final = """\
# bash completion of notifyctl
_notifyctl() {
    local IFS=$'\\n'
    COMPREPLY=($(
        COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD _NOTIFYCTL_COMPLETE=complete_bash "$1" 2>/dev/null
    ))
}
complete -o default -F _notifyctl notifyctl
"""

_ZSH: Final = """\
#compdef notifyctl
# zsh completion of notifyctl
_notifyctl() {
    eval "$(_TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _NOTIFYCTL_COMPLETE=complete_zsh notifyctl 2>/dev/null)"
}
if [ "$funcstack[1]" = "_notifyctl" ]; then
    _notifyctl "$@"
else
    compdef _notifyctl notifyctl
fi
"""

_FISH: Final = """\
# fish completion of notifyctl
function __notifyctl
    set -l found (
        _NOTIFYCTL_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \\
            _TYPER_COMPLETE_ARGS=(commandline -cp | string collect) notifyctl 2>/dev/null
    )
    if test -n "$found"
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete --command notifyctl --no-files --arguments "(__notifyctl)"
"""

SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def place(shell: str) -> Path:
    """Where *shell* looks for completion scripts of a user."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return {
        "bash": data / "bash-completion/completions/notifyctl",
        "zsh": data / "zsh/site-functions/_notifyctl",
        "fish": config / "fish/completions/notifyctl.fish",
    }[shell]


def advice(shell: str, script: Path) -> str:
    """What the operator may still have to do for *script* to be found."""
    return {
        "bash": f"It is loaded by bash-completion; without that package put `source {script}` into ~/.bashrc.",
        "zsh": f"Put `fpath+=({script.parent}); autoload -Uz compinit; compinit` into ~/.zshrc unless it is there.",
        "fish": "It takes effect in the next shell.",
    }[shell]
