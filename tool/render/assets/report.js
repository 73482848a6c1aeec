// Draws the report's charts from the data beside it. Nothing is loaded: this file and dygraphs stand in the page.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const darkQuery = matchMedia("(prefers-color-scheme: dark)");
  const MiB = 1 << 20;
  const bytes = value => value >= 4096 * MiB ? (value / MiB / 1024).toFixed(2) + " GiB" : (value / MiB).toFixed(1) + " MiB";
  const time = seconds => {
    const whole = Math.round(seconds);
    if (data.step < 1 && seconds < 60) return seconds.toFixed(2) + " s";
    if (whole < 60) return whole + " s";
    if (whole < 3600) return Math.floor(whole / 60) + " min " + String(whole % 60).padStart(2, "0") + " s";
    return Math.floor(whole / 3600) + " h " + String(Math.floor(whole % 3600 / 60)).padStart(2, "0") + " min";
  };
  const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = line => darkQuery.matches ? line.dark : line.light;

  // Round ticks: time in 1, 2, 5, 10, 15, 30 of its unit, memory in 1, 2, 5 times a power of ten.
  const timeSteps = [.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
  const ticks = (from, to, step, text) => {
    const all = [];
    for (let at = Math.ceil(from / step - 1e-9); at * step <= to * 1.000001; ++at) all.push({ v: at * step, label: text(at * step) });
    return all;
  };
  const trimmed = value => String(+value.toFixed(6));
  const timeTicker = (from, to, pixels) => {
    const rough = (to - from) / Math.max(2, pixels / 90);
    const step = timeSteps.find(each => each >= rough) || Math.ceil(rough / 86400) * 86400;
    const [unit, name] = step >= 86400 ? [86400, " d"] : step >= 3600 ? [3600, " h"] : step >= 60 ? [60, " min"] : [1, " s"];
    return ticks(from, to, step, value => value === 0 ? "0" : trimmed(value / unit) + name);
  };
  const memoryTicker = (from, to, pixels) => {
    const [unit, name] = to >= 4096 * MiB ? [1024 * MiB, " GiB"] : [MiB, " MiB"];
    const rough = (to - from) / unit / Math.max(2, pixels / 40);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(factor => factor * power).find(each => each >= rough);
    return ticks(from, to, step * unit, value => value === 0 ? "0" : trimmed(value / unit) + name);
  };

  // Live bytes, where the allocator tells them: a dotted line of their own, in the colour of the line they belong to.
  const liveOf = data.lines.map((_, at) => at).filter(at => data.lines[at].live.length > 0);
  const liveName = at => data.lines[at].label + ": live bytes";

  const times = data.lines[0].points.map((_, at) => at * data.step);
  const highest = Math.max(...data.lines.flatMap(line => line.points.map(point => point ? point[2] : 0)));
  const end = times[times.length - 1] || data.step;
  const charts = [];
  let moving = false;

  const follow = (source, action) => {
    if (moving) return;
    moving = true;
    charts.filter(chart => chart !== source).forEach(action);
    moving = false;
  };

  function options(order, live, chosen, readOut) {
    const plain = at => chosen === undefined || chosen === at;
    const dotted = { strokeWidth: 1.5, strokePattern: [2, 4], highlightCircleSize: 2 };
    return {
      labels: ["time", ...order.map(at => data.lines[at].label), ...live.map(liveName)],
      customBars: true,
      colors: [...order.map(at => plain(at) ? colour(data.lines[at]) : style("--faint")), ...live.map(at => colour(data.lines[at]))],
      strokeWidth: 2, fillAlpha: 0.16, highlightCircleSize: 3,
      series: Object.fromEntries([
        ...order.map(at => [data.lines[at].label, plain(at) ? {} : { strokeWidth: 1, highlightCircleSize: 0 }]),
        ...live.map(at => [liveName(at), dotted])]),
      gridLineColor: style("--rule"), axisLineColor: style("--rule"), gridLineWidth: 1,
      dateWindow: [0, end], valueRange: [0, highest * 1.06], legend: "never", animatedZooms: false,
      axes: {
        x: { ticker: timeTicker, drawGrid: false, axisLabelWidth: 70 },
        y: { ticker: memoryTicker, axisLabelWidth: 72 },
      },
      highlightCallback: (event, x, points, row) => {
        readOut(row);
        follow(charts.find(chart => chart.neapReadOut === readOut), chart => { chart.setSelection(row); chart.neapReadOut(row); });
      },
      unhighlightCallback: () => {
        readOut(null);
        follow(charts.find(chart => chart.neapReadOut === readOut), chart => { chart.clearSelection(); chart.neapReadOut(null); });
      },
      drawCallback: (chart, first) => {
        if (!first) follow(chart, other => other.updateOptions({ dateWindow: chart.xAxisRange() }));
      },
    };
  }

  // In a panel the chosen line comes last, so that it lies on top of the faint ones.
  function draw(element, chosen, readOut) {
    const order = data.lines.map((_, at) => at).filter(at => at !== chosen);
    if (chosen !== undefined) order.push(chosen);
    const live = liveOf.filter(at => chosen === undefined || chosen === at);
    const livePoint = value => value === null ? null : [value, value, value];
    const rows = times.map((at, row) => [at, ...order.map(line => data.lines[line].points[row]),
      ...live.map(line => livePoint(data.lines[line].live[row]))]);
    const chart = new Dygraph(element, rows, options(order, live, chosen, readOut));
    chart.neapReadOut = readOut;
    charts.push(chart);
  }

  // The order of the chart's series: the lines, then the live bytes.
  function drawLegend(common) {
    const legend = document.getElementById("legend");
    const series = [...data.lines.map(line => [line.label, line]), ...liveOf.map(at => [liveName(at), data.lines[at]])];
    return series.map(([name, line], at) => {
      const button = document.createElement("button");
      const dot = document.createElement("i");
      const value = document.createElement("output");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      button.title = "show or hide " + name;
      dot.style.background = dot.style.color = colour(line);
      if (at >= data.lines.length) dot.className = "live";
      button.append(dot, name, value);
      button.addEventListener("click", () => {
        const shown = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(shown));
        common().setVisibility(at, shown);
      });
      legend.append(button);
      return value;
    });
  }

  const readAt = (series, row) => {
    const point = series < data.lines.length ? data.lines[series].points[row] : null;
    const live = series < data.lines.length ? null : data.lines[liveOf[series - data.lines.length]].live[row];
    return point ? bytes(point[1]) : live === null ? "" : bytes(live);
  };
  const values = drawLegend(() => charts[0]);
  const moment = document.getElementById("moment");
  const momentText = moment.textContent;
  draw(document.getElementById("common"), undefined, row => {
    moment.textContent = row === null ? momentText : "at " + time(times[row]);
    values.forEach((value, at) => {
      value.textContent = row === null ? "" : readAt(at, row);
    });
  });
  document.querySelectorAll(".panel").forEach((panel, at) => {
    const text = panel.querySelector("p");
    const before = text.textContent;
    draw(panel.querySelector(".plot"), at, row => {
      const point = row === null ? null : data.lines[at].points[row];
      text.textContent = point ? bytes(point[1]) + " at " + time(times[row]) : before;
    });
  });
  darkQuery.addEventListener("change", () => location.reload());
})();
