"""How the page of explanations looks."""

from __future__ import annotations

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

STYLE = """
:root { --for: #b04a00; --against: #005ab5; --ink: #1b1b1b; --quiet: #555; --line: #d5d5d5 }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem;
       color: var(--ink); background: #fafafa }
h1 { font-size: 1.6rem; margin-bottom: .3rem }
article { background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.4rem 1.4rem;
          margin: 1.5rem 0 }
h2 { font-size: 1.25rem; margin: .2rem 0; overflow-wrap: anywhere }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .5rem }
h4 { margin: .6rem 0 .2rem; font-weight: 600 }
code { font-size: .85em; color: var(--quiet); background: #f2f2f2; padding: 0 .3em; border-radius: 3px }
.said { margin: .2rem 0; font-size: 1.05rem }
.differs { border-bottom: 3px double currentColor }
.small { font-size: .82rem; color: var(--quiet) }
.note { border-left: 4px solid var(--line); padding-left: .7rem; color: var(--quiet); margin: .5rem 0 }
table { border-collapse: collapse }
th, td { text-align: right; padding: .2rem .8rem; border-bottom: 1px solid #eee; font-variant-numeric: tabular-nums }
th:first-child { text-align: left; font-weight: 500 }
thead th { font-size: .82rem; color: var(--quiet); vertical-align: bottom }
.total th, .total td { border-top: 1px solid #999; font-weight: 600 }
.keywords .total th, .keywords .total td { border-top: 0; font-weight: 400; color: var(--quiet) }
.adds td:last-child { white-space: nowrap }
.axis { display: inline-block; position: relative; width: 14rem; height: 1rem; vertical-align: middle;
        background: linear-gradient(90deg, transparent calc(50% - .5px), #999 0, #999 calc(50% + .5px), transparent 0) }
.bar { position: absolute; top: .15rem; bottom: .15rem }
.bar.for { background: var(--for) }
.bar.against { background: repeating-linear-gradient(45deg, var(--against) 0 4px, #fff 4px 6px) }
.value { display: inline-block; width: 4rem }
.side { display: flex; flex-wrap: wrap; gap: 1.2rem }
figure { margin: 0; flex: 1 1 17rem; max-width: 21rem }
figure img { width: 100%; display: block; border: 1px solid var(--line) }
figcaption { font-size: .9rem; min-height: 2.8em }
.column { flex: 1 1 24rem }
.words { line-height: 2.3; overflow-wrap: anywhere }
.word { border-bottom: 1px solid; padding: 0 1px }
.word.for { border-bottom-color: var(--for) }
.word.against { border-bottom-color: var(--against); border-bottom-style: dashed }
.word sup { font-size: .7em; margin-left: 1px }
.word.for sup { color: var(--for) }
.word.against sup { color: var(--against) }
.mark { margin: .4rem 0 0; padding: .3rem .6rem; border: 1px solid var(--line); border-radius: 4px; font-size: .9rem }
.fails .mark { border: 2px solid var(--ink); background: #fff6d6 }
.fails img { opacity: .45 }
.fails .words { opacity: .6 }
.near { list-style: none; padding: 0; margin: 0; display: grid; gap: .6rem;
        grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)) }
.near li { display: flex; gap: .6rem; font-size: .85rem; overflow-wrap: anywhere }
.near img, .none { width: 64px; height: 64px; object-fit: contain; flex: none; background: #f4f4f4 }
.none { font-size: .75rem; color: var(--quiet); display: flex; align-items: center; justify-content: center;
        text-align: center }
details { background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: .6rem 1.4rem }
summary { font-weight: 600; cursor: pointer }
@media print { body { margin: 0; background: #fff } section, figure { break-inside: avoid } article { border: 0 } }
"""
