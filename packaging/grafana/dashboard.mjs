// The table of panels as a Grafana dashboard. A table shows the last values, a stat the last one, lines the whole time.
import {BigValueGraphMode, LegendDisplayMode, LegendPlacement, StackingConfigBuilder, StackingMode,
        VizLegendOptionsBuilder} from '@grafana/grafana-foundation-sdk/common';
import {AnnotationQueryBuilder, DashboardBuilder, DatasourceVariableBuilder, QueryVariableBuilder, RowBuilder,
        VariableRefresh, VariableSort} from '@grafana/grafana-foundation-sdk/dashboard';
import {DataqueryBuilder, PromQueryFormat} from '@grafana/grafana-foundation-sdk/prometheus';
import {PanelBuilder as StatBuilder} from '@grafana/grafana-foundation-sdk/stat';
import {PanelBuilder as TableBuilder} from '@grafana/grafana-foundation-sdk/table';
import {PanelBuilder as LinesBuilder} from '@grafana/grafana-foundation-sdk/timeseries';

const source = {type: 'prometheus', uid: '${source}'};
const width = {stat: 6, lines: 12, table: 24};
const height = {stat: 4, lines: 8, table: 9};

function lines(panel) {
  const legend = new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).showLegend(true);
  const builder = new LinesBuilder().legend(legend).min(0).fillOpacity(panel.stacked ? 30 : 0);
  return panel.stacked ? builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal)) : builder;
}

const builders = {lines, stat: () => new StatBuilder().graphMode(BigValueGraphMode.Area), table: () => new TableBuilder()};

// A table without the columns that say nothing.
const columns = {id: 'organize', options: {excludeByName: {Time: true, __name__: true, job: true}}};

function target(query, at, kind) {
  const built = new DataqueryBuilder().refId(String.fromCharCode(65 + at)).expr(query.expr).legendFormat(query.legend);
  return kind === 'table' ? built.instant().format(PromQueryFormat.Table) : built.range();
}

function panelOf(panel) {
  const built = builders[panel.kind](panel).title(panel.title).description(panel.about).unit(panel.unit).datasource(source)
    .span(panel.width ?? width[panel.kind]).height(height[panel.kind]);
  panel.queries.forEach((query, at) => built.withTarget(target(query, at, panel.kind)));
  return panel.kind === 'table' ? built.withTransformation(columns) : built;
}

const variable = (name, label, definition) => new QueryVariableBuilder(name).label(label).datasource(source).query(definition)
  .refresh(VariableRefresh.OnTimeRangeChanged).sort(VariableSort.AlphabeticalAsc).multi(true).includeAll(true).allValue('.*');

export function dashboard(rows, marks) {
  const built = new DashboardBuilder('Memory by allocator (neap)').uid('neap-fleet').tags(['neap', 'memory']).refresh('1m')
    .time({from: 'now-24h', to: 'now'}).timezone('browser')
    .withVariable(new DatasourceVariableBuilder('source').label('Prometheus').type('prometheus'))
    .withVariable(variable('instance', 'Host', 'label_values(neap_unit_info, instance)'))
    .withVariable(variable('unit', 'Service', 'label_values(neap_unit_info{instance=~"$instance"}, unit)'))
    .annotation(new AnnotationQueryBuilder().name(marks.name).datasource(source).enable(true).iconColor('blue').expr(marks.expr)
      .useValueForTime(true).step('60s').titleFormat('switch').textFormat(marks.text));
  for (const row of rows) {
    built.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) built.withPanel(panelOf(panel));
  }
  return built.build();
}
