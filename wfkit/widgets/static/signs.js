// The signs of the states, as the drawings have them: paths of 12 by 12 around (0, 0).

const wfkitSigns = {
  queued: "M-4.5 0h.01M0 0h.01M4.5 0h.01",
  held: "M-2.5-4.5v9M2.5-4.5v9",
  running: "M5 0A5 5 0 1 1 0-5",
  waiting: "M-4-5H4M-4 5H4M-3-5C-3-1 3 1 3 5M3-5C3-1-3 1-3 5",
  failed: "M-4-4 4 4M4-4-4 4",
  retried: "M4.3-2.5A5 5 0 1 0 5 0M5-5.5V-2.3H1.8",
  done: "M-5 .5-1.5 4 5-4",
  past: "M-4.3-2.5A5 5 0 1 1-5 0M-5-5.5V-2.3H-1.8",
  cancelled: "M5 0A5 5 0 1 1-5 0 5 5 0 1 1 5 0ZM-3.5 3.5 3.5-3.5",
};

function wfkitStateSign(state, size = 14) {
  const known = { stuck: "held", "timed out": "failed" }[state] ?? state;
  const path = wfkitDraw("path", { d: Object.hasOwn(wfkitSigns, known) ? wfkitSigns[known] : "" });
  const color = Object.hasOwn(wfkitSigns, known) ? `var(--wf-${known}, var(--wf-quiet))` : "currentColor";
  const style = `flex:none;fill:none;stroke:${color};stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round`;
  return wfkitDraw("svg", { viewBox: "-7 -7 14 14", width: size, height: size, style, "aria-hidden": true }, path);
}
