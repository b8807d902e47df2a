"""The web console in headless Chromium, used as a person uses it: by clicking, typing and looking."""

from __future__ import annotations

import base64
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import trio

from tests.e2e.patience import PATIENCE
from tests.interop.test_browser import browse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.interop.test_browser import Page

#: How long anything may take to be seen.
SECONDS = 30
#: Asks until the expression is true; what it gives then.
WAIT = """
new Promise(resolve => {
  const look = () => {
    let found = null;
    try { found = EXPRESSION; } catch { found = null; }
    if (found) resolve(found); else setTimeout(look, 40);
  };
  look();
})
"""
#: What is pressed, beside its name in DOM: its code, the old number, and what it types.
KEYS = {
    "Tab": ("Tab", 9, ""), "Enter": ("Enter", 13, "\r"), "Escape": ("Escape", 27, ""), " ": ("Space", 32, " "),
    "ArrowRight": ("ArrowRight", 39, ""), "ArrowLeft": ("ArrowLeft", 37, ""), "Home": ("Home", 36, ""),
    "End": ("End", 35, ""),
}  # fmt: skip


class ConsolePage:
    """One browser at the console."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def wait(self, expression: str) -> Any:
        """The value of *expression* once it is true; it may fail before."""
        with trio.move_on_after(SECONDS * PATIENCE):
            return await self.page.evaluate(WAIT.replace("EXPRESSION", f"({expression})"))
        shown = await self.page.evaluate("document.body.innerText")
        raise AssertionError(f"never so: {expression}\nThe page says:\n{shown}")

    async def ready(self) -> None:
        """Wait until the page knows who looks at it."""
        await self.wait("document.documentElement.dataset.ready")

    async def text(self, selector: str) -> str:
        """What a person reads there, once it is there."""
        return str(await self.wait(f"document.querySelector({json.dumps(selector)})?.innerText"))

    async def shows(self, selector: str, text: str) -> None:
        """Wait until *text* can be read there."""
        await self.wait(
            f"[...document.querySelectorAll({json.dumps(selector)})].some("
            f"one => one.checkVisibility() && one.innerText.includes({json.dumps(text)}))"
        )

    async def click(self, selector: str, text: str = "") -> None:
        """Click the visible element, and with *text* the one that says so, once it is there."""
        found = (
            f"[...document.querySelectorAll({json.dumps(selector)})].find("
            f"one => one.checkVisibility() && !one.disabled && one.innerText.includes({json.dumps(text)}))"
        )
        await self.wait(f"(() => {{ const one = {found}; if (!one) return false; one.click(); return true; }})()")

    async def fill(self, label: str, value: str, within: str = "body") -> None:
        """Type *value* over what the visible control with that label holds."""
        await self.wait(
            f"""(() => {{
              const label = [...document.querySelectorAll({json.dumps(within + " label")})].find(
                one => one.checkVisibility() && one.innerText === {json.dumps(label)});
              const control = label && document.getElementById(label.htmlFor);
              if (!control) return false;
              control.focus();
              if (control.type === "checkbox") {{
                if (control.checked !== {json.dumps(bool(value))}) control.click();
              }} else {{
                control.value = {json.dumps(value)};
                control.dispatchEvent(new Event("input", {{bubbles: true}}));
                control.dispatchEvent(new Event("change", {{bubbles: true}}));
              }}
              return true;
            }})()"""
        )

    async def tab(self, name: str) -> None:
        """Go to a part of the console."""
        await self.click("[role=tab]", name)

    async def press(self, key: str, modifiers: int = 0) -> None:
        """Press a key, as the keyboard does."""
        code, number, text = KEYS[key]
        described = {"key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers}
        await self.page.call("Input.dispatchKeyEvent", type="keyDown", **described, **({"text": text} if text else {}))
        await self.page.call("Input.dispatchKeyEvent", type="keyUp", **described)

    async def focused(self) -> str:
        """What has the focus: its role or name, and what it says."""
        said = await self.page.evaluate(
            "(e => `${e.getAttribute('role') ?? e.tagName.toLowerCase()} ${e.innerText.trim().split('\\n')[0]}`.trim())"
            "(document.activeElement)"
        )
        return str(said)

    async def sign_in(self, token: str) -> None:
        """Sign in with the admin token."""
        await self.fill("Admin token", token)
        await self.click(".sign-in button", "Sign in")

    async def size(self, width: int, height: int, *, phone: bool = False) -> None:
        """Have a window, or the screen of a phone, of that size."""
        await self.page.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone
        )

    async def prefer(self, scheme: str) -> None:
        """Have the system prefer light or dark."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        await self.page.call("Emulation.setEmulatedMedia", features=[feature])

    async def picture(self, path: Path) -> None:
        """Write what is seen as a PNG file."""
        data = (await self.page.call("Page.captureScreenshot", format="png"))["data"]
        await trio.Path(path).write_bytes(base64.b64decode(data))


@asynccontextmanager
async def console(url: str, folder: Path) -> AsyncIterator[ConsolePage]:
    """Open the console of the daemon at *url*."""
    async with browse(f"{url}/console", folder) as page:
        shown = ConsolePage(page)
        await shown.ready()
        yield shown
