"""Draw the page's icon, a real (filled) and a fake (hollow) circle: assets/pictures/icon.png."""

from pathlib import Path

from PIL import Image, ImageDraw

SIZE = 256
REAL, FAKE = "#0072B2", "#E69F00"

icon = Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0))
pen = ImageDraw.Draw(icon)
pen.ellipse((8, 58, 148, 198), fill=REAL)
pen.ellipse((108, 58, 248, 198), outline=FAKE, width=30)
path = Path(__file__).parent.parent / "assets" / "pictures" / "icon.png"
icon.resize((64, 64), Image.Resampling.LANCZOS).save(path)
print(path.name)
