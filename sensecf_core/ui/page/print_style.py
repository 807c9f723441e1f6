"""How pages look on paper: what was found, without controls, at a size at which nothing is cut off.

Charts keep the width that they have on the screen when a browser prints. So pages are at most as wide as a
sheet of paper is at the scale of :data:`_SCALE`, and all of a page is printed at that scale. A container
whose key begins with ``controls`` is not printed, one with ``folds`` only where a fold in it is open.
"""

from __future__ import annotations

from sensecf_core.ui.common.charts import INK_ON_DARK

_SCALE = 0.65
_WIDEST = 1260
"""Pixels of a page with its padding of 80 on each side: A4 has 718 between margins of 10 mm, 1,105 at that
scale."""
_CONTROLS = (
    "stButton",
    "stDownloadButton",
    "stPageLink",
    "stForm",
    "stRadio",
    "stSelectbox",
    "stMultiSelect",
    "stCheckbox",
    "stButtonGroup",
    "stNumberInput",
    "stTextInput",
    "stTextArea",
    "stSlider",
    "stFileUploader",
    "stPopover",
    "stDateInput",
    "stToggle",
    "stHeaderActionElements",
    "stSidebar",
    "stSidebarCollapsedControl",
    "stExpandSidebarButton",
    "stHeader",
    "stToolbar",
    "stDecoration",
    "stStatusWidget",
    "stElementToolbar",
)


def style(notice: str) -> str:
    """The style sheet for paper, and ``notice``, which only paper shows (HTML is escaped by the caller)."""
    controls = ", ".join(f'[data-testid="{name}"]' for name in _CONTROLS)
    holders = ", ".join(
        f'[data-testid="stElementContainer"]:has(> [data-testid="{name}"]), '
        f'[data-testid="stElementContainer"]:has(> div > [data-testid="{name}"])'
        for name in _CONTROLS
    )
    light = _rgb(INK_ON_DARK)
    return f"""<style>
[data-testid=stMainBlockContainer] {{ max-width: {_WIDEST}px; }}
.only-on-paper, [data-testid=stElementContainer]:has(> div > .only-on-paper) {{ display: none; }}
@page {{ margin: 10mm; }}
@media print {{
  :root, body, .stApp {{ color-scheme: light !important; background: #fff !important; }}
  .stApp, .stApp :not(svg *) {{ color: #000 !important; border-color: #999 !important; }}
  .stApp *:not(svg *, .stBadge *, img) {{ background-color: transparent !important; }}
  .stApp {{ font-variant-ligatures: none; }}
  .js-plotly-plot text {{ fill: #000 !important; }}
  .js-plotly-plot [style*="stroke: {light}"] {{ stroke: #000 !important; }}
  .js-plotly-plot [style*="fill: {light}"] {{ fill: #000 !important; }}
  .only-on-paper, [data-testid=stElementContainer]:has(> div > .only-on-paper) {{ display: block; }}
  .only-on-paper {{ font-size: 0.8rem; }}
  {controls}, {holders}, .modebar, [data-testid=stExpander]:not(:has(details[open])),
  [data-testid=stExpander]:has([data-testid=stForm]), [class*=st-key-controls],
  [class*=st-key-folds]:not(:has(details[open])) {{
    display: none !important;
  }}
  [data-testid=stTooltipIcon] svg, [data-testid=stExpander] summary svg, [data-testid=stExpanderIcon] {{
    display: none !important;
  }}
  .st-key-bar [data-testid=stPopover], .st-key-bar [data-testid=stElementContainer] {{
    display: block !important;
  }}
  .st-key-notice, .st-key-bar button [data-testid=stIconMaterial] {{ display: none !important; }}
  [data-testid=stHorizontalBlock]:has(> [data-testid=stColumn]) {{
    display: flex !important; flex-wrap: nowrap !important;
  }}
  [data-testid=stColumn] {{ min-width: 0 !important; }}
  [data-testid=stAlertContainer] {{ border: 1.5px solid #000 !important; }}
  [data-testid=stMain] {{ zoom: {_SCALE}; }}
  [data-testid=stMainBlockContainer] {{ padding: 0 !important; }}
  [data-testid=stColumn], .stPlotlyChart, .stTable, tr, img, [class*=st-key-option_], [data-testid=stAlert] {{
    break-inside: avoid;
  }}
  [class*=st-key-matrix] [data-testid=stTable] {{ overflow: visible !important; }}
  [class*=st-key-matrix] table {{ width: 100% !important; }}
  h2, h3 {{ break-after: avoid; }}
}}
</style><div class="only-on-paper">{notice}</div>"""


def _rgb(colour: str) -> str:
    """A colour ``#rrggbb`` as browsers write it into a style: ``rgb(1, 2, 3)``."""
    return f"rgb({', '.join(str(int(colour[start : start + 2], 16)) for start in (1, 3, 5))})"
