import { type Html, html, trustedHtml } from './html.ts';

const STYLE = trustedHtml(`<style>
:root{color-scheme:light dark;--page:#fff;--panel:#f7f8fa;--soft:#e8eefb;--ink:#16191f;--muted:#5b6472;--line:#dfe3e9;
--series-1:#2f6fde;--series-2:#d9730d;--series-3:#7d8794;--series-4:#158a6a;--series-5:#a13fb5;--series-6:#c0344d;
--positive:#2f6fde;--negative:#d9480f;--warn-ink:#7a4a00;--warn:#fff3d6}
@media(prefers-color-scheme:dark){:root{--page:#12151a;--panel:#1a1e25;--soft:#22304a;--ink:#e8ebf0;--muted:#9aa4b2;
--line:#2c323c;--series-1:#6ea0ff;--series-2:#ffab5e;--series-3:#8d97a5;--series-4:#4fd0a8;--series-5:#d98cf0;
--series-6:#ff8095;--positive:#6ea0ff;--negative:#ff9466;--warn-ink:#ffdb94;--warn:#3a2c0c}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:44px 0 12px}h3{font-size:1rem;margin:0 0 6px}
p{max-width:72ch}.muted,figcaption,small{color:var(--muted)}small{display:block;font-size:.74rem;white-space:nowrap}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:10px 22px;margin:20px 0 0}
.facts dt{color:var(--muted);font-size:.8rem}.facts dd{margin:0;overflow-wrap:anywhere}
.headline{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:14px;margin:26px 0 18px}
.card{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:14px 16px;break-inside:avoid}
.card strong{display:block;font-size:1.75rem;line-height:1.25;font-weight:650;font-variant-numeric:tabular-nums}
.notice{background:var(--warn);color:var(--warn-ink);border-radius:8px;padding:10px 14px;max-width:none}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.92rem}
caption{text-align:left;color:var(--muted);font-size:.85rem;padding-bottom:6px}
th,td{text-align:right;padding:7px 8px;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
th:first-child{text-align:left}thead th{color:var(--muted);font-weight:600}tbody th{font-weight:500}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:22px}
.cases{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,320px),1fr));gap:18px}
figure{margin:0;break-inside:avoid}figcaption{font-size:.85rem;margin-top:4px;overflow-wrap:anywhere}
img{width:100%;height:auto;border-radius:8px;display:block}
figure:has(.wide){grid-column:1/-1}.wide{overflow-x:auto}.wide svg{min-width:760px}.single{max-width:680px}
svg.chart{width:100%;height:auto;display:block}.graph svg{max-width:460px}
pre{overflow-x:auto;background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:14px;font-size:.82rem}
summary{cursor:pointer;font-weight:600}
.key{display:inline-block;width:22px;height:4px;border-radius:2px;vertical-align:middle;margin-right:6px}
@media(max-width:560px){main{padding:20px 14px 40px}h1{font-size:1.35rem}}
@media print{:root{color-scheme:light}main{max-width:none;padding:0}h2{break-after:avoid}.scroll,.wide{overflow:visible}.wide svg{min-width:0}
table{font-size:.75rem}th,td{padding:3px 5px}}
</style>`);

/** One self-contained page: no script, no network, no other file. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${title}</title>
${STYLE}
</head>
<body><main>${body}</main></body>
</html>
`.toString();
}

export interface TableContent {
  readonly caption: string;
  readonly columns: readonly string[];
  /** The first cell names the row. */
  readonly rows: readonly (readonly (Html | string | number)[])[];
}

export function table({ caption, columns, rows }: TableContent): Html {
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><caption>${caption}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([name, ...cells]) =>
      html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

export function facts(entries: readonly (readonly [string, string])[]): Html {
  return html`<dl class="facts">${entries.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>`;
}

export function figure(content: Html, caption: string): Html {
  return html`<figure>${content}<figcaption>${caption}</figcaption></figure>`;
}
