"""What the wheel holds that is no file of the repository: the completion scripts, where shells look for them."""

from __future__ import annotations

import runpy
import tempfile
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: By shell, where programs that were installed put their script, below the prefix.
PLACES: Final = {
    "bash": "share/bash-completion/completions/notifyctl",
    "zsh": "share/zsh/site-functions/_notifyctl",
    "fish": "share/fish/vendor_completions.d/notifyctl.fish",
}


class CompletionsHook(BuildHookInterface[Any]):
    """Adds the scripts that `notifyctl completion show` prints, so that they cannot differ."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write them into a folder of their own, and name them; an editable installation has none."""
        if version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory(prefix="notifyctl-completions-")
        scripts = runpy.run_path(str(Path(self.root, "notifyctl", "completing", "shells.py")))["SCRIPTS"]
        for shell, place in PLACES.items():
            script = Path(self._folder.name, shell)
            script.write_text(scripts[shell], encoding="utf-8")
            build_data["shared_data"][str(script)] = place

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the folder."""
        if version != "editable":
            self._folder.cleanup()
