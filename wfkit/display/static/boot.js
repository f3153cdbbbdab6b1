// Wakes the document: its theme at once, the picture as soon as it is there, and its height as the cell needs it.

(() => {
  const page = document.documentElement;
  const cell = wfkitOutside() && frameElement.parentElement;
  const full = page.matches(".full");
  const forget = wfkitFollowTheme(page, wfkitOutside());
  addEventListener("pagehide", forget);

  document.addEventListener("DOMContentLoaded", () => {
    const root = document.getElementById("wf-root");
    const data = document.getElementById("wf-data");
    const plays = data && typeof wfkitPlayer === "function";
    const delivered = plays ? "<!DOCTYPE html>\n" + page.outerHTML : ""; // untouched: what an export holds
    const below = plays ? 280 : 64;
    const height = full ? Math.max(320, innerHeight - root.getBoundingClientRect().top - below) : 560;
    if (innerWidth < 480) root.querySelector(".wf-legend")?.removeAttribute("open");
    const stage = wfkitStage(root.querySelector(".wf-stage"), { height, space: !plays, wheel: full });
    if (plays) wfkitPlayer(root, stage, JSON.parse(data.textContent), delivered);
    if (plays && full) root.querySelector(".wfp-face").focus({ preventScroll: true }); // a page of its own has the keys
    if (cell && !full) grow();
  });

  function grow() {
    page.classList.add("framed");
    cell.style.maxHeight = "none";
    cell.style.overflow = "hidden";
    const fit = () => {
      const { height } = document.body.getBoundingClientRect();
      if (height) cell.style.height = `${Math.ceil(height)}px`; // a cell that is not shown has none
    };
    new ResizeObserver(fit).observe(document.body);
    fit();
    for (const still of cell.querySelectorAll(":scope > img")) still.setAttribute("aria-hidden", true); // told once
  }
})();
