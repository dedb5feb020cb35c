/** Colours are told apart by lightness as well, so that they hold for the colour-blind and on paper; light on paper always. */
const light = `
--ground:#f4f6f8;--paper:#fff;--ink:#171b21;--muted:#545d69;--line:#dde2e8;--grid:#e8ecf0;--code:#eef1f5;
--accent:#1d5fc2;--pass:#0a6b4c;--pass-soft:#e2f3ea;--fail:#b02318;--fail-soft:#fcebe8;--unknown:#7d5200;--unknown-soft:#fcf1d8;
--band1:#5f8fd8;--band2:#8fb1e6;--band3:#b9cff0;--band4:#dbe7f8;--p50:#12356f;--slowest:#7b8694;--limit:#b02318;
--closed:#b4560c;--planned:#171b21;--started:#5f8fd8;--waiting:#c65a11;--late:#8c3fa0;--lost:#b02318;--unstarted:#b6bec8;
--kind0:#c65a11;--kind1:#1668a8;--kind2:#b5568f;--kind3:#d99a00;--kind4:#0c8a68;--kind5:#87909b;--shade:#eceff3`

const dark = `
--ground:#0f1216;--paper:#171b21;--ink:#e8ebef;--muted:#a3adb9;--line:#303843;--grid:#262d36;--code:#222933;
--accent:#7fb0ff;--pass:#5fd3a4;--pass-soft:#12342a;--fail:#ff9186;--fail-soft:#43201d;--unknown:#f2c14e;--unknown-soft:#3b2f12;
--band1:#5585cf;--band2:#3f669f;--band3:#2f4c76;--band4:#233650;--p50:#cfe0ff;--slowest:#8a96a5;--limit:#ff9186;
--closed:#f0a35e;--planned:#e8ebef;--started:#5585cf;--waiting:#e58a45;--late:#c98adb;--lost:#ff7b6e;--unstarted:#566270;
--kind0:#e58a45;--kind1:#58a6e0;--kind2:#dd8fbe;--kind3:#ecc04a;--kind4:#45c7a0;--kind5:#8a94a0;--shade:#1e242c`

export const style = `
:root{color-scheme:light dark;${light}}
@media screen and (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--ground);color:var(--ink);font:400 15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif}
.page{max-width:1180px;margin:0 auto;padding:28px 28px 56px}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-999em}.skip:focus{left:28px;top:8px;background:var(--paper);padding:6px 10px}
h1{font-size:28px;line-height:1.2;letter-spacing:-.015em;margin:2px 0 4px;overflow-wrap:anywhere}
h2{font-size:20px;line-height:1.3;letter-spacing:-.01em;margin:0 0 14px}
h3{font-size:15px;line-height:1.4;margin:0}
p{margin:0 0 10px}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.92em}
code{overflow-wrap:anywhere}
.brand{font-weight:600;letter-spacing:.02em;color:var(--muted);font-size:13px}
.meta{color:var(--muted);margin:0 0 18px;display:flex;flex-wrap:wrap;gap:2px 18px}
.meta span{white-space:nowrap;max-width:100%;overflow:hidden;text-overflow:ellipsis}
nav ul{list-style:none;margin:0 0 18px;padding:0;display:flex;flex-wrap:wrap;gap:4px 16px;font-size:14px}
section{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:24px 26px;margin:0 0 18px}
.intro,.account{color:var(--muted);max-width:112ch}
.equation{color:var(--ink);font-variant-numeric:tabular-nums;margin-right:8px}
.note{color:var(--muted);font-size:13px;font-weight:400}
.icon{width:1.15em;height:1.15em;flex:none;vertical-align:-.2em;fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.icon circle,.icon .body{fill:currentColor;stroke:none}.icon path:not(.body){stroke:var(--paper)}
.icon.pass{color:var(--pass)}.icon.fail{color:var(--fail)}.icon.unknown{color:var(--unknown)}
.badge{display:inline-flex;align-items:center;gap:5px;font-weight:600;white-space:nowrap}
.badge.pass{color:var(--pass)}.badge.fail{color:var(--fail)}.badge.unknown{color:var(--unknown)}
.verdict{border-left-width:8px;padding:26px 28px}
.verdict.pass{border-color:var(--pass);background:var(--pass-soft)}.verdict.fail{border-color:var(--fail);background:var(--fail-soft)}.verdict.unknown{border-color:var(--unknown);background:var(--unknown-soft)}
.verdict h2{display:flex;align-items:center;gap:12px;font-size:34px;letter-spacing:-.02em;margin:0 0 6px}
.verdict.pass h2{color:var(--pass)}.verdict.fail h2{color:var(--fail)}.verdict.unknown h2{color:var(--unknown)}
.headline{font-size:19px;line-height:1.45;max-width:82ch;margin:0;overflow-wrap:anywhere}
.sentences{margin:12px 0 0;padding-left:20px;max-width:85ch;overflow-wrap:anywhere}.sentences li{margin:4px 0}
.plain .sentences{margin-top:0;font-size:16px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(128px,1fr));gap:12px;margin:0 0 18px}

.tile{display:flex;flex-direction:column;justify-content:space-between;background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.tile dt{color:var(--muted);font-size:13px}.tile dd{margin:2px 0 0;font-size:23px;line-height:1.25;font-weight:600;letter-spacing:-.015em;font-variant-numeric:tabular-nums;white-space:nowrap}
.promises{display:grid;grid-template-columns:repeat(3,1fr);gap:0 30px;padding:20px 26px}
.promise h3{display:flex;justify-content:space-between;gap:8px;margin-bottom:4px}.promise .badge{font-size:13px}.promise p{margin:0;color:var(--muted);font-size:14px}
.scroll{overflow-x:auto;margin:0 0 18px}
.scroll:last-child{margin-bottom:0}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums lining-nums}
caption{text-align:left;font-weight:600;font-size:15px;padding:6px 0 8px}
.heard{position:absolute;width:1px;height:1px;padding:0;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th,td{padding:8px 10px;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{padding-left:0}th:last-child,td:last-child{padding-right:0}
thead th{font-weight:600;color:var(--muted);font-size:13px;vertical-align:bottom;border-bottom-color:var(--muted)}
tbody th{font-weight:500;min-width:150px;overflow-wrap:anywhere}
.number{text-align:right;white-space:nowrap}thead .number{white-space:normal}
.groups th,.groups td{border-bottom:0;padding-bottom:2px;font-size:12px;text-align:center;white-space:nowrap}.groups th{background:linear-gradient(var(--line),var(--line)) bottom/calc(100% - 14px) 1px no-repeat}
tr.sum th,tr.sum td{font-weight:600;border-top:1px solid var(--muted)}
tr.scope-scenario th,tr.scope-scenario td{font-weight:600;background:var(--ground)}tr.scope-scenario th:first-child{padding-left:8px}
.inner{display:block;padding-left:20px}
tr.scope-iteration th,tr.scope-iteration td{color:var(--muted)}
th button{all:unset;cursor:pointer}th button:focus-visible{outline:2px solid var(--accent)}th[aria-sort=ascending] button::after{content:" ↑"}th[aria-sort=descending] button::after{content:" ↓"}
.objective th code{font-size:15px;font-weight:600;overflow-wrap:normal}
.why{margin:3px 0 0;color:var(--muted);font-size:13px;font-weight:400;max-width:52ch;overflow-wrap:anywhere}
.bar{display:block;width:154px;height:18px}.bar .room{fill:var(--grid)}
.bar.pass .value{fill:var(--pass)}.bar.fail .value{fill:var(--fail)}.bar.unknown .value{fill:var(--unknown)}
.bar .mark{stroke:var(--ink);stroke-width:2}.bar .whisker{stroke:var(--ink);stroke-width:1.3;fill:none}.bar .cut{stroke:var(--paper);stroke-width:2}
.distance{font-size:13px;color:var(--muted);white-space:nowrap}
.dense{font-size:13px}.dense th,.dense td{padding:6px 7px}.dense thead th{font-size:12.5px}.dense tbody th{min-width:120px}
figure{margin:0 0 22px;position:relative}section>figure:last-child{margin-bottom:0}
figcaption{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 24px;margin-bottom:4px}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 16px;margin:0;padding:0;font-size:13px;color:var(--muted)}
.legend li{display:flex;align-items:center;gap:6px}.legend svg{width:22px;height:12px}
.drawing{margin:0}.drawing svg{display:block;width:100%;min-width:720px;height:auto;font-size:12.5px}
.axis text{fill:var(--muted);font-variant-numeric:tabular-nums}.axis .label{font-size:12px}
.grid{stroke:var(--grid);fill:none}.tick{stroke:var(--muted)}
.end{text-anchor:end}.middle{text-anchor:middle}
.phase .name{fill:var(--grid)}.phase text{fill:var(--muted);font-size:11.5px}.phase .edge{stroke:var(--line);stroke-dasharray:2 3}.phase .shade{fill:var(--shade)}
.epoch path{stroke:var(--lost);stroke-dasharray:5 3}.epoch text{fill:var(--fail);font-size:11.5px}
.band1{fill:var(--band1)}.band2{fill:var(--band2)}.band3{fill:var(--band3)}.band4{fill:var(--band4)}
.line-p50,.line-max,.line-limit,.line-planned,.curve,.curve-ok{fill:none;stroke-linejoin:round}
.line-p50{stroke:var(--p50);stroke-width:2}.line-max{stroke:var(--slowest);stroke-width:1.1;stroke-dasharray:1.5 2}
.line-limit{stroke:var(--limit);stroke-width:1.4;stroke-dasharray:7 4}.limit{fill:var(--limit);text-anchor:end;font-size:12px;font-weight:600;paint-order:stroke;stroke:var(--paper);stroke-width:3px}
.line-planned{stroke:var(--planned);stroke-width:1.5;stroke-dasharray:5 4}
.curve{stroke:var(--accent);stroke-width:2}.curve-ok{stroke:var(--accent);stroke-width:1.8;stroke-dasharray:4 3}.curve.closed,.curve-ok.closed{stroke:var(--closed)}
.gate path{stroke:var(--limit);stroke-width:2;fill:none}.gate text{fill:var(--limit);font-size:12px;font-weight:600;paint-order:stroke;stroke:var(--paper);stroke-width:3px}
.kind0{fill:var(--kind0)}.kind1{fill:var(--kind1)}.kind2{fill:var(--kind2)}.kind3{fill:var(--kind3)}.kind4{fill:var(--kind4)}.kind5{fill:var(--kind5)}
.ledger-bar>svg{display:block;width:100%;height:26px;border-radius:5px;margin-bottom:8px}
.ledger-started{fill:var(--started)}.ledger-waiting{fill:var(--waiting)}.ledger-late{fill:var(--late)}.ledger-lost{fill:url(#hatch)}.ledger-unstarted{fill:var(--unstarted)}
.hatch-ground{fill:var(--paper)}.hatch-line{fill:var(--lost)}
details>summary{cursor:pointer}
.data{font-size:13px;color:var(--muted);margin-top:4px}.data .scroll{max-height:320px;overflow:auto;margin:8px 0 0}.data table{font-size:13px;width:auto}.data th,.data td{padding:3px 14px 3px 0}.data thead th{position:sticky;top:0;background:var(--paper)}
.fold{margin:0 0 14px}.fold>summary{font-weight:600;padding:4px 0}
.sample{border-top:1px solid var(--line);padding:10px 0}.sample:last-child{padding-bottom:0}.sample summary{overflow-wrap:anywhere}.detail{display:block;color:var(--muted);font-size:14px;padding-left:18px}
.exchange{display:grid;grid-template-columns:1fr 1fr;gap:16px;margin-top:10px}
pre{background:var(--code);border-radius:6px;padding:12px 14px;margin:6px 0 0;white-space:pre-wrap;overflow-wrap:anywhere;max-height:340px;overflow:auto}
.warnings{margin:0 0 18px}.warnings .sentences{margin-top:4px}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:14px 28px;margin:0 0 18px}.facts:last-child{margin:0}.facts dt{color:var(--muted);font-size:13px}.facts dd{margin:0;overflow-wrap:anywhere}
footer{color:var(--muted);font-size:13px;padding:4px 2px}
.tip{position:absolute;z-index:2;pointer-events:none;background:var(--paper);color:var(--ink);border:1px solid var(--line);border-radius:6px;box-shadow:0 3px 14px rgb(0 0 0/.18);padding:7px 10px;font-size:12.5px;line-height:1.45;font-variant-numeric:tabular-nums;white-space:nowrap}
.tip b{display:block}.tip[hidden]{display:none}
.hair{stroke:var(--muted);stroke-width:1;pointer-events:none}
@media (max-width:760px){.page{padding:16px 12px 32px}section{padding:18px 16px;border-radius:8px}.verdict{padding:20px 18px}.verdict h2{font-size:28px}.headline{font-size:17px}.promises{grid-template-columns:1fr;gap:16px}.exchange{grid-template-columns:1fr}h1{font-size:24px}.tiles{grid-template-columns:repeat(auto-fit,minmax(104px,1fr));gap:8px}.tile{padding:10px 12px}.tile dd{font-size:19px}.bar{width:110px}}
@page{size:A4;margin:13mm 12mm}
@media print{body{background:none;font-size:9.5pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}.page{max-width:none;padding:0}nav,.skip,.data,.tip{display:none}section{border:0;border-radius:0;padding:0;margin:0 0 7mm}.verdict{border-left:2.5mm solid;padding:4mm 5mm}.promises{padding:0}.tile{padding:2mm 3mm}.tile dd{font-size:13pt}.tiles{grid-template-columns:none;grid-auto-flow:column;grid-auto-columns:1fr;gap:2mm}h2{font-size:13pt;break-after:avoid}h3,caption,.intro,summary{break-after:avoid}.fold:has(.whole){break-inside:avoid}.plain .sentences{font-size:10pt}.promise p{font-size:8.5pt}figure,tr,.promise,.tile,.sample{break-inside:avoid}.scroll{overflow:visible}.drawing svg{min-width:0}table,.dense{font-size:7.2pt}.note,.distance,.why,.groups th{font-size:6.8pt!important}th,td,.dense th,.dense td{padding:1.1mm 1.1mm}.whole{break-inside:avoid}thead{display:table-header-group}thead th,.dense thead th{font-size:7pt}tbody th,.dense tbody th{min-width:24mm}.why{font-size:7.2pt}.bar{width:26mm}.inner{padding-left:3mm}pre{max-height:none}.objective th code{font-size:9pt}a{color:inherit;text-decoration:none}}
`
