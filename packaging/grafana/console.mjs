// The table of panels as a page of Prometheus' own consoles (--web.console.templates), for who has no Grafana. Graphs are drawn by
// Prometheus' prom_console.js, as Debian ships it; variables are whatever the address gives: neap.html?instance=h1.*
const escaped = text => text.replace(/[&<>"]/g, letter => ({'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;'})[letter]);
const formatter = {bytes: 'humanize1024', binBps: 'humanize1024'};
const goFormatter = {bytes: 'humanize1024', binBps: 'humanize1024', s: 'humanizeDuration', percentunit: 'humanizePercentage'};

// $instance and $unit become what the address gives, by printf: Go's templates have no other way to put a value into a text.
function goExpr(expr) {
  const arguments_ = [];
  const format = expr.replaceAll('%', '%%').replace(/\$(instance|unit)/g, (_, name) => (arguments_.push(`$${name}`), '%s'));
  return `(printf ${JSON.stringify(format)} ${arguments_.join(' ')})`;
}

const jsExpr = expr => JSON.stringify(expr).replace(/\$(instance|unit)/g, (_, name) => `" + ${name} + "`);
// A name for each series; prom_console's own templates are [[ ]].
const jsName = legend => JSON.stringify(legend.replaceAll('{{', '[[').replaceAll('}}', ']]')).replaceAll('[[', '[[ ').replaceAll(']]', ' ]]');

function stat(panel) {
  const format = goFormatter[panel.unit] ?? 'humanize';
  return `<div class="stat" title="${escaped(panel.about)}"><b>{{ with query ${goExpr(panel.queries[0].expr)} }}{{ . | first | value | ${format} }}` +
    `{{ else }}-{{ end }}${panel.unit === 'bytes' ? 'B' : ''}</b><span>${escaped(panel.title)}</span></div>`;
}

function table(panel) {
  const format = goFormatter[panel.unit] ?? 'humanize';
  const label = name => `<td>{{ index .Labels "${name}" }}</td>`;
  const names = ['instance', 'unit', 'configured', 'running', 'state', 'experiment', 'group'];
  return `<section class="wide"><h3 title="${escaped(panel.about)}">${escaped(panel.title)}</h3><table><tr>` +
    `${names.map(name => `<th>${name}</th>`).join('')}<th>value</th></tr>\n{{ range query ${goExpr(panel.queries[0].expr)} }}` +
    `<tr>${names.map(label).join('')}<td>{{ .Value | ${format} }}</td></tr>\n{{ end }}</table></section>`;
}

let graphs = 0;
function lines(panel) {
  const id = `graph${graphs++}`;
  return `<section><h3 title="${escaped(panel.about)}">${escaped(panel.title)}</h3><div id="${id}"></div><script>
new PromConsole.Graph({node: document.getElementById("${id}"), expr: [${panel.queries.map(each => jsExpr(each.expr)).join(',\n  ')}],
  name: [${panel.queries.map(each => jsName(each.legend)).join(', ')}], renderer: "${panel.stacked ? 'area' : 'line'}", min: 0,
  yAxisFormatter: PromConsole.NumberFormatter.${formatter[panel.unit] ?? 'humanize'},
  yHoverFormatter: PromConsole.NumberFormatter.${formatter[panel.unit] ?? 'humanize'}});
</script></section>`;
}

const kinds = {stat, table, lines};

export function consolePage(rows) {
  graphs = 0;
  const body = rows.map(row => `<h2>${escaped(row.title)}</h2>\n<div class="row">\n${row.panels.map(panel => kinds[panel.kind](panel)).join('\n')}\n</div>`);
  return head + body.join('\n') + '\n</body>\n</html>\n';
}

const script = path => `<script src="{{ pathPrefix }}/classic/static/${path}"></script>`;
const head = `<!doctype html>
<!-- Made by packaging/grafana/build.mjs from panels.mjs; edit there. -->
{{ $instance := or .Params.instance ".*" }}{{ $unit := or .Params.unit ".*" }}
<html lang="en">
<head>
<meta charset="utf-8">
<title>Memory by allocator (neap)</title>
<link rel="stylesheet" href="{{ pathPrefix }}/classic/static/rickshaw/rickshaw.min.css">
<link rel="stylesheet" href="{{ pathPrefix }}/classic/static/css/prom_console.css">
${['d3/d3.min.js', 'rickshaw/rickshaw.min.js', 'jquery/jquery.min.js'].map(script).join('\n')}
<script>
var PATH_PREFIX = "{{ pathPrefix }}", instance = {{ $instance }}, unit = {{ $unit }};
</script>
${script('js/prom_console.js')}
<style>
body { font: 14px system-ui, sans-serif; margin: 0 auto; padding: 1em 2em; max-width: 1160px; color: #222; }
h1 { font-size: 1.4em; } h2 { font-size: 1.15em; margin: 1.6em 0 .4em; border-bottom: 1px solid #ddd; } h3 { font-size: 1em; margin: .6em 0; }
.row { display: flex; flex-wrap: wrap; gap: 1em; } section { width: 570px; } section.wide { width: 100%; }
.stat { min-width: 240px; } .stat b { display: block; font-size: 2em; font-weight: 500; } .stat span { color: #666; }
table { border-collapse: collapse; } th, td { text-align: left; padding: 2px 12px 2px 0; } .wide tr:nth-child(even) { background: #f6f6f6; }
.rickshaw_legend { background: none !important; color: #222 !important; max-width: 540px; }
</style>
</head>
<body>
<h1>Memory by allocator</h1>
<p>The last <a href='#pctc{"duration":3600,"endTime":0}'>hour</a>, <a href='#pctc{"duration":86400,"endTime":0}'>day</a>,
<a href='#pctc{"duration":604800,"endTime":0}'>week</a>. One host: ?instance=NAME.*</p>
<script>addEventListener("hashchange", () => location.reload());</script>
`;
