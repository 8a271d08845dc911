"""How the report looks, on a screen and on paper."""

from __future__ import annotations

STYLE = """
:root { --ink: #1b2430; --quiet: #525c69; --line: #dfe4ea; --paper: #fff; --ground: #f4f6f8; --accent: #0b6a8f;
        --shade: #cfe3ec; --wrong: #c2410c; --for: #b04a00; --against: #005ab5 }
* { box-sizing: border-box }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100% }
body { font: 16px/1.55 system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; margin: 0;
       color: var(--ink); background: var(--ground) }
a { color: var(--accent) }
h1, h2, h3, h4, h5 { line-height: 1.25; overflow-wrap: anywhere; text-wrap: balance }
h1 { font-size: 1.9rem; margin: 0 0 .2rem; letter-spacing: -.01em }
h2 { font-size: 1.45rem; margin: 0 0 .8rem; letter-spacing: -.01em }
h3 { font-size: 1.1rem; margin: 2rem 0 .5rem }
h4 { font-size: 1rem; margin: 1.4rem 0 .4rem }
h5 { font-size: .84rem; margin: 0 0 .4rem; color: var(--quiet); font-weight: 600 }
p { margin: .4rem 0 }
p, li, figcaption { overflow-wrap: anywhere }
header > div, li > div, .card, .maps figure { min-width: 0 }
code { font: .84em ui-monospace, 'SF Mono', Menlo, Consolas, monospace; color: var(--quiet); background: #eef1f4;
       padding: .05em .35em; border-radius: 4px; overflow-wrap: anywhere }
.skip { position: absolute; left: -99rem }
.skip:focus { left: 1rem; top: 1rem; background: #fff; padding: .5rem }
.masthead, .layout, footer { max-width: 78rem; margin: 0 auto; padding: 0 1.5rem }
.masthead { padding-top: 2.4rem }
.made, .aside { color: var(--quiet); font-size: .88rem }
.summary { border-left: 5px solid var(--accent); padding: .1rem 0 .1rem 1.1rem; margin: 1.4rem 0; max-width: 58rem }
.summary p { font-size: 1.16rem; margin: .35rem 0 }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(12.5rem, 1fr)); gap: 1rem; padding: 0;
         margin: 1.4rem 0 0; list-style: none }
.tiles li { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1.1rem }
.tiles span { display: block }
.tiles .label { color: var(--quiet); font-size: .9rem }
.tiles strong { font-size: 2rem; line-height: 1.2; font-weight: 650; font-variant-numeric: tabular-nums }
.tiles .note { font-size: .88rem; color: var(--quiet) }
.layout { display: grid; grid-template-columns: 14rem minmax(0, 1fr); gap: 2rem; margin-top: 2rem }
nav { position: sticky; top: 1rem; align-self: start; font-size: .92rem; max-height: calc(100vh - 2rem);
      overflow: auto }
nav h2 { font-size: .9rem; color: var(--quiet); margin: 0 0 .4rem; letter-spacing: 0 }
nav ol { margin: 0; padding: 0 0 0 1.7rem }
nav li { margin: .4rem 0; color: var(--quiet) }
nav a { text-decoration: none }
nav a:hover { text-decoration: underline }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; padding: 1.5rem 1.7rem 1.7rem;
          margin: 0 0 1.6rem; scroll-margin-top: 1rem }
.lead { font-size: 1.05rem; max-width: 52rem }
.takeaway { font-size: 1.05rem; max-width: 52rem; margin: .2rem 0 .6rem }
.missing { background: #eef1f4; border-radius: 8px; padding: .8rem 1rem }
figure { margin: 0 0 1.6rem }
figcaption h3 { margin-top: .4rem }
.chart { display: block; width: 100%; max-width: 52rem; height: auto }
.chart * { stroke-linejoin: round; stroke-linecap: butt }
.sheet { position: absolute }
details.data { margin-top: .6rem }
summary { cursor: pointer; color: var(--accent); font-size: .92rem }
.scroll { overflow-x: auto; margin: .5rem 0 }
table { border-collapse: collapse; font-size: .92rem; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .38rem .7rem .38rem 0; border-bottom: 1px solid var(--line) }
thead th { color: var(--quiet); font-size: .82rem; font-weight: 600; vertical-align: bottom;
           border-bottom: 1.5px solid #8a94a3 }
tbody th { font-weight: 500 }
th, td, td code, th code { overflow-wrap: break-word }
.when { white-space: nowrap }
.dense { font-size: .84rem }
.dense th, .dense td { padding-right: .45rem }
.dense thead th { font-size: .76rem; hyphens: auto }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
thead .num { white-space: normal }
.shaded { display: inline-block; min-width: 2.9rem; padding: 0 .3rem; border-radius: 3px }
.bar { display: inline-block; position: relative; width: 6.5rem; height: .62rem; background: #eef1f4;
       border-radius: 3px; vertical-align: middle; overflow: hidden }
.bar .fill { position: absolute; inset: 0 auto 0 0; background: var(--accent) }
.bar .range { position: absolute; top: 42%; height: 16%; background: var(--ink); opacity: .55 }
.photo { display: block; object-fit: contain; background: #fff }
.none { display: flex; align-items: center; justify-content: center; text-align: center; color: var(--quiet);
        font-size: .78rem; background: #eef1f4; border-radius: 6px }
.cards { list-style: none; padding: 0; margin: 1rem 0 0; display: grid; gap: 1rem;
         grid-template-columns: repeat(auto-fill, minmax(24rem, 1fr)) }
.cards li { break-inside: avoid }
.cards > li { display: flex; gap: 1rem; border: 1px solid var(--line); border-radius: 10px; padding: .9rem }
.cards .photo { width: 92px; height: 92px; flex: none }
.cards h3 { font-size: .98rem; margin: 0 0 .1rem }
.cards p { margin: .15rem 0; font-size: .92rem }
.reasons { margin: .35rem 0 0; padding-left: 1.1rem; font-size: .9rem; color: var(--quiet) }
.card { border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem; margin: 0 0 1rem }
.card header { display: flex; gap: 1.1rem }
.card header .photo { width: 120px; height: 120px; flex: none }
.card h4 { margin: 0 }
.short { border-left: 3px solid var(--accent); padding-left: .7rem }
.why { columns: 2 19rem; column-gap: 1.8rem; margin-top: 1rem; padding-top: 1rem; border-top: 1px solid var(--line) }
.why > div { break-inside: avoid; padding-bottom: 1.1rem }
.adds th, .adds td { padding: .15rem .5rem .15rem 0; border: 0; vertical-align: middle }
.adds { width: auto }
.axis { display: inline-block; position: relative; width: 9rem; height: .8rem; vertical-align: middle;
        background: linear-gradient(90deg, transparent calc(50% - .5px), #8a94a3 0, #8a94a3 calc(50% + .5px),
                                    transparent 0) }
.axis .fill { position: absolute; top: 0; bottom: 0 }
.axis .for { background: var(--for) }
.axis .against { background: repeating-linear-gradient(45deg, var(--against) 0 4px, #fff 4px 6px) }
.maps { display: flex; gap: .9rem }
.maps figure { flex: 1 1 0; margin: 0; max-width: 12rem }
.maps .photo { width: 100%; height: auto; border: 1px solid var(--line) }
.maps figcaption { font-size: .84rem; margin-top: .2rem }
.mark { font-size: .84rem; margin: .25rem 0 }
.fails .photo, .fails .words { opacity: .45 }
.words { line-height: 2; font-size: .92rem; overflow-wrap: anywhere }
.word { border-bottom: 3px solid; padding: 0 1px }
.word.for { border-bottom-color: var(--for) }
.word.against { border-bottom-color: var(--against); border-bottom-style: dashed }
.word sup { font-size: .72em; margin-left: 1px }
.chips { line-height: 2 }
.chip { border: 1px solid; border-radius: 999px; padding: .1rem .6rem; font-size: .88rem; display: inline-block;
        max-width: 100%; line-height: 1.5 }
.chip.for { border-color: var(--for) }
.chip.against { border-color: var(--against); border-style: dashed }
.near { list-style: none; padding: 0; margin: 0; display: grid; gap: .6rem; grid-template-columns: 1fr 1fr }
.near li { display: flex; gap: .6rem; font-size: .84rem; overflow-wrap: anywhere }
.near .photo { width: 52px; height: 52px; flex: none }
footer { color: var(--quiet); font-size: .88rem; padding-bottom: 2.5rem }
@media (max-width: 60rem) {
  .layout { grid-template-columns: minmax(0, 1fr) } nav { position: static; max-height: none }
  section { padding: 1.1rem 1rem } .cards { grid-template-columns: minmax(0, 1fr) }
}
@media (max-width: 36rem) {
  .masthead, .layout, footer { padding-left: .8rem; padding-right: .8rem }
  .card, .cards > li { padding: .7rem } .near { grid-template-columns: minmax(0, 1fr) }
  .card header { gap: .7rem } .card header .photo, .cards .photo { width: 64px; height: 64px }
}
@media print {
  @page { margin: 11mm 12mm }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact }
  html { font-size: 11px } body { background: #fff; font-size: 1rem }
  .tiles { grid-template-columns: repeat(4, 1fr) } .card { break-inside: avoid } .why { columns: 3; column-gap: 1.4rem }
  .axis { width: 6rem } .near { grid-template-columns: minmax(0, 1fr) } .why > div { padding-bottom: .5rem }
  .card { padding: .7rem .9rem .2rem }
  .maps figure { max-width: 7.2rem } .card header .photo { width: 80px; height: 80px }
  .masthead, .layout, footer { max-width: none; padding: 0 }
  .layout { display: block } nav { position: static; max-height: none; break-after: page }
  section { border: 0; padding: 0; margin: 0 0 1.6rem }
  section, h2, h3, h4 { break-after: auto } h2, h3, h4, h5, .takeaway, figcaption { break-after: avoid }
  figure, .cards > li, .tiles li, tr, .why > div { break-inside: avoid }
  .chart { max-width: 150mm } .scroll { overflow: visible }
  .cards { grid-template-columns: 1fr 1fr; gap: 3mm }
  .cards .photo { width: 64px; height: 64px }
  summary, .skip { display: none } a { color: inherit; text-decoration: none }
}
"""
