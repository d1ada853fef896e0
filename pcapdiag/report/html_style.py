"""How the HTML report looks: light and dark, from a phone to paper, without a script, a font or a picture from elsewhere.

Colours are those of Okabe and Ito, which colour-blind people tell apart, darkened or lightened until text in them has a
contrast of 4.5 to 1 against its ground (WCAG 2.2, 1.4.3). No meaning is told by colour alone.
"""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --ink: #1b1f24; --dim: #57606a; --paper: #ffffff; --card: #f6f8fa; --line: #d0d7de;
  --bad: #a83c00; --warn: #7d5200; --gap: #7d5200; --good: #00694c; --link: #005a96; --gapfill: #fdf1d8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6edf3; --dim: #9aa4af; --paper: #0d1117; --card: #161b22; --line: #343b44;
    --bad: #ff9b63; --warn: #f0b429; --gap: #f0b429; --good: #4fd1a5; --link: #6cb6ff; --gapfill: #2b2410;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; text-wrap: balance; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
h4 { font-size: .9rem; margin: .75rem 0 .25rem; color: var(--dim); }
p { margin: .25rem 0 .5rem; }
a { color: var(--link); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: .75rem 0 0; padding: 0; font-size: .9rem; }
code, pre, .mono { font-family: ui-monospace, monospace; font-size: .875em; }
.dim, dt, th, footer { color: var(--dim); }
.bad, .answer-bad { color: var(--bad); } .warn { color: var(--warn); } .answer-good { color: var(--good); }
.gap { color: var(--gap); font-weight: 600; } .heading { font-weight: 600; }
dl { margin: .5rem 0; }
dl > div { display: grid; grid-template-columns: 11rem 1fr; gap: 0 1rem; padding: .15rem 0; }
dt { font-size: .9rem; } dd { margin: 0; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .9rem; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: normal; }
th { font-weight: 600; }
td code { overflow-wrap: anywhere; }
td:first-child { white-space: nowrap; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; background: var(--card); }
summary { cursor: pointer; padding: .6rem .75rem; }
summary .title { font-weight: 600; }
summary .more { display: block; color: var(--dim); font-size: .875rem; }
.inside { padding: 0 .75rem .75rem; border-top: 1px solid var(--line); }
.copy { display: block; user-select: all; -webkit-user-select: all; background: var(--paper); border: 1px solid var(--line);
  border-radius: .35rem; padding: .4rem .6rem; margin: .25rem 0; }
pre { overflow-x: auto; tab-size: 4;
  background: var(--paper); border: 1px solid var(--line); border-radius: .35rem; padding: .5rem .6rem;
  margin: .25rem 0; font-size: .75rem; line-height: 1.4; }
figure { margin: .75rem 0; }
svg { display: block; }

.ladder { list-style: none; margin: .5rem 0; padding: 0; font-size: .875rem; }
.ladder li { display: grid; grid-template-columns: 4.5rem 6.5rem minmax(0, 34rem); gap: 0 .75rem; align-items: start; }
.ladder .frame, .ladder .at { font-family: ui-monospace, monospace; font-size: .8rem; color: var(--dim); text-align: right;
  padding-top: .2rem; }
.ladder .lane { border-left: 2px solid var(--line); border-right: 2px solid var(--line); padding: .15rem .75rem .45rem;
  position: relative; }
.ladder .lane::after { content: ""; position: absolute; left: 0; right: 0; bottom: .15rem; border-bottom: 1px solid var(--dim); }
.ladder .lane::before { content: ""; position: absolute; bottom: calc(.15rem - 3px); border: 4px solid transparent; z-index: 1; }
.ladder .client .lane::before { right: 0; border-left-color: var(--dim); border-right-width: 0; }
.ladder .server .lane::before { left: 0; border-right-color: var(--dim); border-left-width: 0; }
.ladder .server .lane { text-align: right; }
.ladder .rst .lane::after { border-bottom: 2px dashed var(--bad); }
.ladder .rst.client .lane::before { border-left-color: var(--bad); }
.ladder .rst.server .lane::before { border-right-color: var(--bad); }
.ladder .told { display: block; font-weight: 600; }
.ladder .numbers { color: var(--dim); font-size: .75rem; }
.ladder .note .lane { text-align: center; color: var(--dim); padding: .2rem .75rem; }
.ladder .note .lane::after, .ladder .note .lane::before,
.ladder .ends .lane::after, .ladder .ends .lane::before { content: none; }
.ladder .idle .lane { background: var(--gapfill); color: var(--gap); font-weight: 600; padding: .6rem .75rem; }
.ladder .ends .lane { display: flex; justify-content: space-between; gap: 1rem; border-color: transparent; color: var(--dim);
  padding: 0; font-size: .8rem; }
.ladder .ends span:last-child { text-align: right; }
.away { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

@media (max-width: 40rem) {
  .scroll > svg.pd { max-width: none; width: 44rem; }
  main { padding: 1rem .75rem 2rem; }
  h1 { font-size: 1.25rem; }
  dl > div { grid-template-columns: 1fr; padding: .25rem 0; }
  .ladder li { grid-template-columns: 3.4rem minmax(0, 1fr); gap: 0 .4rem; }
  .ladder .at { grid-column: 1; font-size: .65rem; padding: 0; text-align: left; white-space: nowrap; }
  .ladder .frame { text-align: left; }
  .ladder .lane { grid-column: 2; grid-row: 1 / span 2; }
}
@media print {
  :root { --ink: #000; --dim: #444; --paper: #fff; --card: #fff; --line: #bbb; --bad: #a83c00; --warn: #7d5200; --gap: #7d5200;
    --good: #00694c; --link: #000; --gapfill: #fff; }
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  details { border-color: #bbb; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  .ladder li, summary, figure { break-inside: avoid; }
  h2, h3, h4, summary { break-after: avoid; }
  .scroll, pre { overflow: visible; } pre { white-space: pre-wrap; }
}
"""
