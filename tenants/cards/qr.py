"""QR codes as SVG."""

import io

import segno


def qr_svg(text: str) -> str:
    """A QR code as an SVG element, dark on white whatever the page's colours, four modules of quiet around it."""
    out = io.BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(out, kind="svg", xmldecl=False, svgns=True, light="#fff", omitsize=True)
    return out.getvalue().decode().strip()
