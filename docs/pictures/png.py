"""Small PNG files: the pictures have few colours, and a palette of them makes a file of a third of the size.

The browser does the counting, since it reads PNG and is quick; the file is put together here.
"""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"

# The most frequent colours become the palette, and every other one becomes the nearest of them: grounds, lines and
# letters stay exactly as they are, and only some shades on the edges of letters move a little.
_TO_PALETTE: Final = """async ([source, most]) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${source}`)).blob());
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const pixels = new Uint32Array(canvas.getImageData(0, 0, width, height).data.buffer);
  const counts = new Map();
  for (let at = 0, start = 0; at < pixels.length; start = at) {
    const pixel = pixels[at];
    while (pixels[++at] === pixel); // mostly long stretches of one colour
    counts.set(pixel, (counts.get(pixel) ?? 0) + at - start);
  }
  const colours = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([colour]) => colour);
  const parts = (colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
  const palette = colours.slice(0, most).map(parts);
  const places = new Map(colours.map((colour, at) => {
    if (at < most) return [colour, at];
    const [r, g, b] = parts(colour);
    const far = palette.map((one) => 3 * (one[0] - r) ** 2 + 6 * (one[1] - g) ** 2 + (one[2] - b) ** 2);
    return [colour, far.indexOf(Math.min(...far))];
  }));
  const lines = new Uint8Array((width + 1) * height); // each begins with a 0: its bytes are as they are
  let before = null, place = 0;
  pixels.forEach((pixel, at) => {
    if (pixel !== before) place = places.get((before = pixel));
    lines[at + Math.floor(at / width) + 1] = place;
  });
  const packed = new Response(new Blob([lines]).stream().pipeThrough(new CompressionStream("deflate")));
  const bytes = new Uint8Array(await packed.arrayBuffer());
  return [width, height, palette.flat(), btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))];
}"""


def small_png(page: Page, picture: bytes, colours: int = 128) -> bytes:
    """Return a picture as a PNG with a palette.

    Args:
        page: an empty page of the browser that does the work.
        picture: a PNG without transparency.
        colours: how many it may have, 256 at most.
    """
    source = base64.b64encode(picture).decode()
    width, height, palette, packed = page.evaluate(_TO_PALETTE, [source, colours])
    lines = zlib.decompress(base64.b64decode(packed))
    return (
        SIGNATURE
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + _chunk(b"PLTE", bytes(palette))
        + _chunk(b"IDAT", zlib.compress(lines, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def size_of(picture: bytes) -> tuple[int, int]:
    """Return the width and height of a PNG, in pixels.

    Raises:
        ValueError: it is no PNG.
    """
    if not picture.startswith(SIGNATURE) or picture[12:16] != b"IHDR":
        raise ValueError("this is no PNG")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height
