// Before anything is drawn: the colours that were chosen here last.
(() => {
  let chosen = "auto";
  try {
    chosen = localStorage.getItem("notifyd-theme") ?? "auto";
  } catch {
    // who keeps nothing chooses each time
  }
  document.documentElement.dataset.theme = chosen;
})();
