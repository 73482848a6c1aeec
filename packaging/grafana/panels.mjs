// What the dashboard shows: one table of rows and panels, from which dashboard.mjs makes Grafana's JSON and console.mjs the page of
// Prometheus' own consoles. $instance, $unit are regular expressions; recorded names are those of neap-recording.yml.
const host = 'instance=~"$instance"';
const unit = `${host},unit=~"$unit"`;
const withRunning = `* on (instance, unit) group_left (running) topk by (instance, unit) (1, neap_unit_info{${unit}})`;
const unwell = 'state!~"on|not-switched|stopped|leaving"';

const query = (expr, legend = '') => ({expr, legend});
const panel = (kind, title, unitOfY, about, queries, more = {}) => ({kind, title, unit: unitOfY, about, queries, ...more});

export const marks = {name: 'switches', expr: `neap_unit_switch_time_seconds{${unit}} * 1000`, text: '{{unit}} on {{instance}}'};

export const rows = [
  {title: 'The fleet', panels: [
    panel('stat', 'Memory of all services', 'bytes', 'PSS: shared pages count once.',
          [query(`sum(instance_unit:neap_proportional_bytes:info{${unit}})`)]),
    panel('stat', 'Saved against libc on the same hosts', 'bytes',
          'What the instances on neap would use as the mean of the same host\'s on libc, less what they do use.',
          [query(`sum(instance_template:neap_saved_bytes:baseline{${host}})`)]),
    panel('stat', 'Saved since the switches', 'bytes', 'Resident memory right before each switch less that of now.',
          [query(`sum(instance_target:neap_saved_bytes:before{${host}})`)]),
    panel('stat', 'Services not as configured', 'short', 'Any state but on, not-switched, stopped, leaving; failed; a journal entry that cannot be read.',
          [query(`count(neap_unit_info{${unit},${unwell}} or on (instance, unit) neap_unit_failed{${unit}} == 1 or neap_switch_info{${host},state="broken"}) or vector(0)`)]),
    panel('lines', 'Memory by allocator', 'bytes', 'Sum of PSS over the fleet.',
          [query('running:neap_proportional_bytes:sum', '{{running}}')], {stacked: true}),
    panel('lines', 'Saved', 'bytes', 'Both ways of counting, over all hosts.',
          [query(`sum(instance_template:neap_saved_bytes:baseline{${host}})`, 'against libc on the same hosts'),
           query(`sum(instance_target:neap_saved_bytes:before{${host}})`, 'since the switches')]),
  ]},
  {title: 'Allocators', panels: [
    panel('lines', 'A service\'s memory by allocator: p10, p50, p90', 'bytes', 'Quantiles over services.',
          [query('running:neap_proportional_bytes:quantile', '{{running}} p{{quantile}}')]),
    panel('lines', 'Live bytes and what is resident, libneap', 'bytes', 'Sums over the services on libneap.',
          [query(`sum(neap_unit_live_bytes{${unit}})`, 'live'), query(`sum(neap_unit_heap_resident_bytes{${unit}})`, 'resident heap'),
           query(`sum(neap_unit_dirty_bytes{${unit}})`, 'dirty'), query(`sum(neap_unit_metadata_bytes{${unit}})`, 'metadata')]),
  ]},
  {title: 'Each service', panels: [
    panel('lines', 'Live bytes', 'bytes', 'As libneap counts them.', [query(`neap_unit_live_bytes{${unit}}`, '{{instance}} {{unit}}')]),
    panel('lines', 'Dirty bytes', 'bytes', 'Free pages that wait for their return.', [query(`neap_unit_dirty_bytes{${unit}}`, '{{instance}} {{unit}}')]),
    panel('lines', 'Fragmentation', 'percentunit', '1 - live / resident heap.',
          [query(`instance_unit:neap_fragmentation:ratio{${unit}}`, '{{instance}} {{unit}}')]),
    panel('table', 'The 20 largest', 'bytes', 'By PSS.', [query(`topk(20, instance_unit:neap_proportional_bytes:info{${unit}})`)]),
    panel('table', 'State', 'short', 'As neap status tells it; those that are not as configured come first.',
          [query(`sort_desc(neap_unit_info{${unit},${unwell}} * 2 or neap_unit_info{${unit}})`)]),
  ]},
  {title: 'No free lunch', panels: [
    panel('lines', 'CPU of a service by allocator', 'short', 'Cores, mean over the services.',
          [query(`avg by (running) (rate(neap_unit_cpu_seconds_total{${unit}}[5m]) ${withRunning})`, '{{running}}')]),
    panel('lines', 'Restarts by systemd', 'short', 'In an hour, by allocator.',
          [query(`sum by (running) (increase(neap_unit_restarts_total{${unit}}[1h]) ${withRunning})`, '{{running}}')]),
    panel('lines', 'OOM kills', 'short', 'In an hour, by slice.',
          [query(`sum by (slice) (increase(neap_slice_oom_kills_total{${host}}[1h]))`, '{{slice}}')]),
    panel('lines', 'Memory returned to the system', 'binBps', 'What libneap gives back, a second.',
          [query(`sum(rate(neap_unit_returned_bytes_total{${unit}}[5m]))`, 'returned')]),
  ]},
  {title: 'Experiments', panels: [
    panel('lines', 'Ratio to libc within hosts, with its interval', 'short',
          'Geometric mean over hosts and its 95% interval (normal; from 8 hosts on). The figure to publish is neap experiment report\'s.',
          [query('experiment_group:neap_ratio_to_libc:geomean', '{{experiment}} {{group}}'),
           query('experiment_group:neap_ratio_to_libc:bound', '{{experiment}} {{group}} {{bound}}')]),
    panel('lines', 'Memory by group', 'bytes', 'Mean over instances.',
          [query('avg by (experiment, group) (instance_experiment_group:neap_proportional_bytes:avg)', '{{experiment}} {{group}}')]),
  ]},
  {title: 'The hosts', panels: [
    panel('lines', 'Pressure: waiting for memory', 'percentunit', 'Share of the time in which something waited (PSI).',
          [query(`rate(node_pressure_memory_waiting_seconds_total{${host}}[5m])`, '{{instance}}')]),
    panel('lines', 'Memory available', 'bytes', 'As the kernel estimates it.', [query(`node_memory_MemAvailable_bytes{${host}}`, '{{instance}}')]),
    panel('lines', 'Swapped in', 'short', 'Pages a second.', [query(`rate(node_vmstat_pswpin{${host}}[5m])`, '{{instance}}')]),
    panel('lines', 'Cost of the scan', 's', 'neap metrics itself.', [query(`neap_scan_duration_seconds{${host}}`, '{{instance}}')]),
  ]},
];
