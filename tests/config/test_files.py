from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from notifyd.config.files import find_config_file, read_overlay, read_sources
from notifyd.config.problems import ConfigInvalid

if TYPE_CHECKING:
    from notifyd.config.sources import Sources


def read(config_file: Path | None = None, dotenv: Path | None = None, **environ: str) -> Sources:
    return read_sources(config_file=config_file, environ=environ, flags={}, dotenv=dotenv)


def complaints(sources: Sources) -> list[str]:
    return [str(problem) for problem in sources.problems]


def test_config_option_goes_before_the_variable(tmp_path: Path):
    environ = {"NOTIFYD_CONFIG": "/other"}
    assert find_config_file(tmp_path / "a", environ) == (tmp_path / "a", "--config")
    assert find_config_file(None, environ) == (Path("/other"), "NOTIFYD_CONFIG")


def test_file_of_the_user_is_found(tmp_path: Path):
    file = tmp_path / "notifyd" / "notifyd.toml"
    file.parent.mkdir()
    file.touch()
    assert find_config_file(None, {"XDG_CONFIG_HOME": str(tmp_path)}) == (file, "")


def test_an_overlay_alone_is_found_too(tmp_path: Path):
    file = tmp_path / "notifyd" / "notifyd.toml"
    file.parent.mkdir()
    file.with_name("notifyd.overlay.toml").write_text("[server]\nport = 1\n")
    sources = read(XDG_CONFIG_HOME=str(tmp_path))
    assert sources.path == file
    assert sources.file is None
    assert sources.overlay is not None


def test_a_named_file_must_be_there(tmp_path: Path):
    path = tmp_path / "none.toml"
    assert complaints(read(path)) == [f"{path} (named by --config): cannot be read: No such file or directory"]
    named = read(NOTIFYD_CONFIG=str(path))
    assert complaints(named) == [f"{path} (named by NOTIFYD_CONFIG): cannot be read: No such file or directory"]


def test_a_folder_is_no_file(tmp_path: Path):
    assert complaints(read(tmp_path)) == [f"{tmp_path} (named by --config): cannot be read: Is a directory"]


def test_a_file_must_be_utf8(tmp_path: Path):
    path = tmp_path / "n.toml"
    path.write_bytes(b"# one\n# \xff\n")
    assert complaints(read(path)) == [f"{path} (named by --config): is not UTF-8 (line 2)"]


def test_a_byte_order_mark_is_passed_over(tmp_path: Path):
    path = tmp_path / "n.toml"
    path.write_bytes(b"\xef\xbb\xbf[server]\nport = 1\n")
    assert complaints(read(path)) == []


def test_an_endless_file_is_refused():
    assert complaints(read(Path("/dev/zero"))) == ["/dev/zero (named by --config): is larger than 4194304 bytes"]


def test_malformed_overlay_is_a_problem(tmp_path: Path):
    path = tmp_path / "n.toml"
    path.touch()
    path.with_name("n.overlay.toml").write_text("x = \n")
    assert complaints(read(path)) == [f"{tmp_path / 'n.overlay.toml'}, line 1, column 5: Invalid value"]


def test_dotenv_is_read_if_it_is_there(tmp_path: Path):
    dotenv = tmp_path / ".env"
    assert read(dotenv=dotenv).dotenv == {}
    dotenv.write_text("PORT=4000\n")
    assert read(dotenv=dotenv).dotenv == {"PORT": "4000"}


def test_dotenv_that_cannot_be_read_is_a_problem(tmp_path: Path):
    assert complaints(read(dotenv=tmp_path)) == [f"{tmp_path}: cannot be read: Is a directory"]


def test_dotenv_may_name_the_file(tmp_path: Path):
    (tmp_path / ".env").write_text(f"NOTIFYD_CONFIG={tmp_path / 'n.toml'}\n")
    (tmp_path / "n.toml").touch()
    assert read(dotenv=tmp_path / ".env").path == tmp_path / "n.toml"


def test_a_file_that_cannot_be_looked_at_is_read_to_say_why(tmp_path: Path):
    too_long = tmp_path / ("x" * 300) / "n.toml"
    sources = read(XDG_CONFIG_HOME=str(too_long))
    assert "File name too long" in complaints(sources)[0]


def test_overlay_that_is_not_there_is_empty(tmp_path: Path):
    assert read_overlay(tmp_path / "o.toml") == {}


def test_overlay_is_read(tmp_path: Path):
    (tmp_path / "o.toml").write_text("[log]\nlevel = 'debug'\n")
    assert read_overlay(tmp_path / "o.toml") == {"log": {"level": "debug"}}


def test_malformed_overlay_is_an_error(tmp_path: Path):
    (tmp_path / "o.toml").write_text("[log\n")
    with pytest.raises(ConfigInvalid, match="line 1"):
        read_overlay(tmp_path / "o.toml")
