"""The plot of the results: bars on a logarithmic scale, as SVG that is readable on light and dark backgrounds."""

import math
from xml.sax.saxutils import escape

STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600; font-size: 15px }
.paper { fill: #ffffff } .line { stroke: #d1d9e0 } .range { stroke: #1f2328 }
.ours { fill: #bc4c00 } .other { fill: #6e7781 } .value { font-size: 11px }
@media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .paper { fill: #0d1117 } .line { stroke: #30363d } .range { stroke: #e6edf3 }
    .ours { fill: #f0883e } .other { fill: #8b949e }
}"""
LEFT, WIDTH, BAR, GAP, TOP = 170, 560, 11, 14, 70


def draw(path, title, rows):
    """`rows` are a name and, by number of connections, median, minimum and maximum. The bars of one name are
    together, with the fewest connections on top.
    """
    values = [value for _, figures in rows for figure in figures.values() for value in figure]
    low, high = math.floor(math.log10(min(values))), math.log10(max(values) * 1.6)

    def x(value):
        return LEFT + (math.log10(value) - low) / (high - low) * WIDTH

    body, y = [], TOP
    for name, figures in rows:
        kind = "ours" if name.startswith("Latchkey") else "other"
        middle = y + BAR * len(figures) / 2 + 4
        body.append(f'<text x="{LEFT - 12}" y="{middle:.0f}" text-anchor="end">{escape(name)}</text>')
        for place, (count, (median, least, most)) in enumerate(sorted(figures.items())):
            opacity = 0.55 + 0.15 * place
            body.append(
                f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{x(median) - LEFT:.1f}" height="{BAR - 2}"'
                f' opacity="{opacity:.2f}"/>'
            )
            body.append(
                f'<line class="range" x1="{x(least):.1f}" x2="{x(most):.1f}"'
                f' y1="{y + BAR / 2 - 1:.1f}" y2="{y + BAR / 2 - 1:.1f}"/>'
            )
            body.append(f'<text class="value" x="{x(most) + 6:.1f}" y="{y + BAR - 2}">{median:,.0f} ({count})</text>')
            y += BAR
        y += GAP
    grid = []
    for power in range(low, math.ceil(high)):
        at = x(10**power)
        grid.append(f'<line class="line" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP - 8}" y2="{y - GAP + 6}"/>')
        grid.append(f'<text class="value" x="{at:.1f}" y="{TOP - 14}" text-anchor="middle">{10**power:,}</text>')
    width, height = LEFT + WIDTH + 70, y
    with open(path, "w") as file:
        file.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">\n'
            f'<style>\n{STYLE}\n</style>\n<rect class="paper" width="{width}" height="{height}" rx="6"/>\n'
            f'<text class="title" x="16" y="26">{escape(title)}; in brackets the connections; a logarithmic scale</text>\n'
            + "\n".join(grid + body)
            + "\n</svg>\n"
        )
