// Light or dark: as the page around says, else as the reader prefers. Sets `data-theme` on `page` and follows changes;
// its ground and font are those of a notebook around it.

function wfkitFollowTheme(page, outside, changed = () => {}) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const taken = { "--wf-ui-font": "--jp-ui-font-family", "--wf-surface": "--jp-layout-color0" };
  let timer = 0;
  function look() {
    const { jpThemeLight, vscodeThemeKind } = outside?.dataset ?? {};
    const told = jpThemeLight ? jpThemeLight === "false" : vscodeThemeKind && /(dark|contrast)$/.test(vscodeThemeKind);
    page.dataset.theme = (told ?? dark.matches) ? "dark" : "light";
    for (const [ours, theirs] of Object.entries(taken)) {
      page.style.setProperty(ours, jpThemeLight ? getComputedStyle(outside).getPropertyValue(theirs) : "");
    }
    changed();
  }
  const follow = () => {
    look();
    clearTimeout(timer);
    timer = setTimeout(look, 400); // JupyterLab's colours may come after its word
  };
  const watch = new MutationObserver(follow);
  if (outside) watch.observe(outside, { attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"] });
  dark.addEventListener("change", look);
  look();
  return () => {
    clearTimeout(timer);
    watch.disconnect();
    dark.removeEventListener("change", look);
  };
}

// The body of the page around a frame, if it may be asked.
function wfkitOutside() {
  try {
    return parent === window ? null : parent.document.body;
  } catch {
    return null;
  }
}
