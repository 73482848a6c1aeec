// Draws the report's charts from the data beside it. Nothing is loaded: this file and dygraphs stand in the page.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const darkQuery = matchMedia("(prefers-color-scheme: dark)");
  const MiB = 1 << 20;
  const twoDigits = number => String(number).padStart(2, "0");
  const bytes = value => (value / MiB).toFixed(1) + " MiB";  // as in the table and in every other form of the report
  const percent = value => (value * 100).toFixed(value < 0.1 ? 1 : 0) + "% of a core";
  const times = value => value.toFixed(2) + " times";
  const duration = seconds => {
    const whole = Math.round(seconds);
    if (data.step < 1 && seconds < 60) return seconds.toFixed(2) + " s";
    if (whole < 60) return whole + " s";
    if (whole < 3600) return Math.floor(whole / 60) + " min " + twoDigits(whole % 60) + " s";
    return Math.floor(whole / 3600) + " h " + twoDigits(Math.floor(whole % 3600 / 60)) + " min";
  };
  const clock = seconds => new Date((data.clock + seconds) * 1000).toISOString();  // 2026-01-05T02:00:00.000Z
  const moment = seconds => "clock" in data ? clock(seconds).slice(0, 16).replace("T", " ") + " UTC" : duration(seconds);
  const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = line => darkQuery.matches ? line.dark : line.light;
  const floorDash = [1, 4];

  // Round ticks: time in 1, 2, 5, 10, 15, 30 of its unit, the rest in 1, 2, 5 times a power of ten.
  const timeSteps = [.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
  const ticks = (from, to, step, text, offset = 0) => {
    const all = [];
    for (let at = Math.ceil((from + offset) / step - 1e-9); at * step - offset <= to * 1.000001; ++at)
      all.push({ v: at * step - offset, label: text(at * step) });
    return all;
  };
  const trimmed = value => String(+value.toFixed(6));
  const timeTicker = (from, to, pixels) => {
    const rough = (to - from) / Math.max(2, pixels / 90);
    const step = timeSteps.find(each => each >= rough) || Math.ceil(rough / 86400) * 86400;
    if ("clock" in data) return ticks(from, to, Math.max(step, 1), at => {
      const text = new Date(at * 1000).toISOString();
      return at % 86400 === 0 ? text.slice(5, 10) : step < 60 ? text.slice(11, 19) : text.slice(11, 16);
    }, data.clock);
    const [unit, name] = step >= 86400 ? [86400, " d"] : step >= 3600 ? [3600, " h"] : step >= 60 ? [60, " min"] : [1, " s"];
    return ticks(from, to, step, value => value === 0 ? "0" : trimmed(value / unit) + name);
  };
  const tickerOf = unitOf => (from, to, pixels) => {
    const [unit, name] = unitOf(to);
    const rough = (to - from) / unit / Math.max(2, pixels / 40);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(factor => factor * power).find(each => each >= rough * 0.999);
    return ticks(from, to, step * unit, value => value === 0 ? "0" : trimmed(value / unit) + name);
  };
  const memoryTicker = tickerOf(() => [MiB, " MiB"]);

  // The floor, where the allocator tells enough for it: a dotted line of its own, in the colour of the line it belongs to.
  const floorOf = data.lines.map((_, at) => at).filter(at => data.lines[at].floor.length > 0);
  const floorName = at => data.lines[at].label + ": floor";

  const at = data.lines[0].points.map((_, row) => row * data.step);
  const highest = Math.max(1, ...data.lines.flatMap(line => line.points.map(point => point ? point[2] : 0)));
  const end = at[at.length - 1] || data.step;
  const charts = [];
  let moving = false;

  const follow = (source, action) => {
    if (moving) return;
    moving = true;
    charts.filter(chart => chart !== source).forEach(action);
    moving = false;
  };

  // What all charts share: the axis of time, and moving together.
  function common(readOut) {
    return {
      gridLineColor: style("--rule"), axisLineColor: style("--rule"), gridLineWidth: 1, dateWindow: [0, end],
      legend: "never", animatedZooms: false, strokeWidth: 2,
      highlightCallback: (event, x, points, row) => {
        readOut(row);
        follow(charts.find(chart => chart.neapReadOut === readOut), chart => { chart.setSelection(row); chart.neapReadOut(row); });
      },
      unhighlightCallback: () => {
        readOut(null);
        follow(charts.find(chart => chart.neapReadOut === readOut), chart => { chart.clearSelection(); chart.neapReadOut(null); });
      },
      drawCallback: (chart, first) => {
        if (chart.neapNamesEnds) nameEnds(chart);
        if (!first) follow(chart, other => other.updateOptions({ dateWindow: chart.xAxisRange() }));
      },
    };
  }

  // Names at the lines' right ends, pushed apart where they would overlap. Without room the legend above has them.
  const labelRoom = () => innerWidth < 700 ? 8 : 130;
  const shortName = label => label.split("/").pop() || label;
  const nameEnds = chart => {
    const box = chart.graphDiv;
    box.querySelectorAll(".end").forEach(old => old.remove());
    if (labelRoom() < 100) return;
    const area = chart.getArea();
    const pitch = Math.min(16, area.h / data.lines.length);
    const ends = data.lines.map((line, number) => {
      const last = line.points.findLastIndex((point, row) => point && at[row] <= chart.xAxisRange()[1]);
      return last >= 0 && chart.visibility()[number] ? { line, y: chart.toDomYCoord(line.points[last][1]) } : null;
    }).filter(Boolean).sort((a, b) => a.y - b.y);
    ends.forEach((each, number) => { if (number) each.y = Math.max(each.y, ends[number - 1].y + pitch); });
    let lowest = area.y + area.h - 4;
    [...ends].reverse().forEach(each => { each.y = Math.min(each.y, lowest); lowest = each.y - pitch; });
    ends.forEach(({ line, y }) => {
      const name = document.createElement("span");
      name.className = "end";
      name.textContent = shortName(line.label);
      name.title = line.label;
      Object.assign(name.style, { left: area.x + area.w + 8 + "px", top: y - 9 + "px", maxWidth: labelRoom() - 12 + "px", color: colour(line) });
      box.append(name);
    });
  };

  // Restarts and switches: lines across the chart, each with its word.
  const drawMarks = (canvas, area, chart) => {
    canvas.save();
    canvas.strokeStyle = canvas.fillStyle = style("--soft");
    canvas.font = "11px " + getComputedStyle(document.body).fontFamily;
    canvas.setLineDash([3, 3]);
    for (const { at: moment, text } of data.marks || []) {
      const x = chart.toDomXCoord(moment);
      canvas.beginPath();
      canvas.moveTo(x, area.y);
      canvas.lineTo(x, area.y + area.h);
      canvas.stroke();
      canvas.fillText(text, x + 4, area.y + 11);
    }
    canvas.restore();
  };

  function options(order, floors, chosen, readOut) {
    const plain = number => chosen === undefined || chosen === number;
    const dotted = { strokeWidth: 1.5, strokePattern: floorDash, highlightCircleSize: 2 };
    const drawn = line => ({ strokePattern: line.dash.length ? line.dash : null });
    return {
      ...common(readOut),
      labels: ["time", ...order.map(number => data.lines[number].label), ...floors.map(floorName)],
      customBars: true,
      colors: [...order.map(number => plain(number) ? colour(data.lines[number]) : style("--faint")), ...floors.map(number => colour(data.lines[number]))],
      fillAlpha: 0.16, highlightCircleSize: 3, valueRange: [0, highest * 1.06],
      series: Object.fromEntries([
        ...order.map(number => [data.lines[number].label, plain(number) ? drawn(data.lines[number]) : { strokeWidth: 1, highlightCircleSize: 0 }]),
        ...floors.map(number => [floorName(number), dotted])]),
      ...(chosen === undefined ? { rightGap: labelRoom(), underlayCallback: drawMarks } : {}),
      axes: {
        x: { ticker: timeTicker, drawGrid: false, axisLabelWidth: 70 },
        y: { ticker: memoryTicker, axisLabelWidth: 72 },
      },
    };
  }

  function put(element, rows, chartOptions, readOut) {
    const chart = new Dygraph(element, rows, chartOptions);
    chart.neapReadOut = readOut;
    charts.push(chart);
    return chart;
  }

  // In a panel the chosen line comes last, so that it lies on top of the faint ones.
  function draw(element, chosen, readOut) {
    const order = data.lines.map((_, number) => number).filter(number => number !== chosen);
    if (chosen !== undefined) order.push(chosen);
    const floors = floorOf.filter(number => chosen === undefined || chosen === number);
    const bar = value => value === null ? null : [value, value, value];
    const rows = at.map((x, row) => [x, ...order.map(line => data.lines[line].points[row]), ...floors.map(line => bar(data.lines[line].floor[row]))]);
    const chart = put(element, rows, options(order, floors, chosen, readOut), readOut);
    if (chosen !== undefined) return;
    chart.neapNamesEnds = true;
    nameEnds(chart);
  }

  // A stroke as the chart has it: colour and dash.
  function swatch(line, dash) {
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const stroke = document.createElementNS("http://www.w3.org/2000/svg", "path");
    picture.setAttribute("viewBox", "0 0 26 8");
    stroke.setAttribute("d", "M1 4H25");
    stroke.style.stroke = colour(line);
    if (dash.length) stroke.setAttribute("stroke-dasharray", dash.join(" "));
    picture.append(stroke);
    return picture;
  }

  const toggle = (content, title, pressed) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = title;
    button.setAttribute("aria-pressed", String(pressed));
    button.append(...content);
    return button;
  };
  const flip = button => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    return shown;
  };

  // The order of the chart's series: the lines, then the floors.
  function drawLegend(chart) {
    const legend = document.getElementById("legend");
    const series = [...data.lines.map(line => [line.label, line, line.dash]), ...floorOf.map(number => [floorName(number), data.lines[number], floorDash])];
    return series.map(([name, line, dash], number) => {
      const value = document.createElement("output");
      const button = toggle([swatch(line, dash), name, value], "show or hide " + name, true);
      button.addEventListener("click", () => chart().setVisibility(number, flip(button)));
      legend.append(button);
      return value;
    });
  }

  // What else was recorded: a chart for each, switched on when it is wanted.
  const share = (line, row) => line.points[row] && line.floor[row] ? line.points[row][1] / line.floor[row] : null;
  const kinds = [
    { name: "PSS", of: (line, row) => line.pss[row], any: line => line.pss.length, show: bytes, ticker: memoryTicker },
    { name: "CPU", of: (line, row) => line.cpu[row], any: line => line.cpu.length, show: percent, ticker: tickerOf(() => [0.01, "%"]) },
    { name: "swap", of: (line, row) => line.swap[row], any: line => line.swap.length, show: bytes, ticker: memoryTicker },
    { name: "RSS over floor", of: share, any: line => line.floor.length, show: times, ticker: tickerOf(() => [1, ""]) },
  ];

  function drawMore(place, kind, lines) {
    const title = document.createElement("h3");
    const reading = document.createElement("small");
    const plot = document.createElement("div");
    plot.className = "plot";
    title.append(kind.name + " ", reading);
    place.append(title, plot);
    const value = (line, row) => { const found = kind.of(line, row); return found === undefined ? null : found; };
    const readOut = row => {
      reading.textContent = row === null ? "" : lines.map(line => value(line, row) === null ? "" : `${line.label} ${kind.show(value(line, row))}`).filter(Boolean).join(", ");
    };
    put(plot, at.map((x, row) => [x, ...lines.map(line => value(line, row))]), {
      ...common(readOut), labels: ["time", ...lines.map(line => line.label)], colors: lines.map(colour), includeZero: true, rightGap: labelRoom(),
      series: Object.fromEntries(lines.map(line => [line.label, { strokePattern: line.dash.length ? line.dash : null }])),
      dateWindow: charts[0].xAxisRange(),
      axes: { x: { ticker: timeTicker, drawGrid: false, axisLabelWidth: 70 }, y: { ticker: kind.ticker, axisLabelWidth: 72 } },
    }, readOut);
  }

  function offerMore() {
    const bar = document.createElement("div");
    bar.className = "legend";
    const places = document.createElement("div");
    for (const kind of kinds) {
      const lines = data.lines.filter(line => kind.any(line));
      if (!lines.length) continue;
      const place = document.createElement("div");
      place.className = "panel";
      place.hidden = true;
      places.append(place);
      const button = toggle([kind.name], "show or hide " + kind.name, false);
      button.addEventListener("click", () => {
        place.hidden = !flip(button);
        if (!place.hidden && !place.firstChild) drawMore(place, kind, lines);
      });
      bar.append(button);
    }
    document.getElementById("more").append(bar, places);
  }

  const readAt = (series, row) => {
    if (series < data.lines.length) return data.lines[series].points[row] ? bytes(data.lines[series].points[row][1]) : "";
    const floor = data.lines[floorOf[series - data.lines.length]].floor[row];
    return floor === null ? "" : bytes(floor);
  };
  const values = drawLegend(() => charts[0]);
  const hint = document.getElementById("moment");
  const hintText = hint.textContent;
  draw(document.getElementById("common"), undefined, row => {
    hint.textContent = row === null ? hintText : "at " + moment(at[row]);
    values.forEach((value, number) => { value.textContent = row === null ? "" : readAt(number, row); });
  });
  document.querySelectorAll(".panels .panel").forEach((panel, number) => {
    const text = panel.querySelector("p");
    const before = text.textContent;
    draw(panel.querySelector(".plot"), number, row => {
      const point = row === null ? null : data.lines[number].points[row];
      text.textContent = point ? bytes(point[1]) + " at " + moment(at[row]) : before;
    });
  });
  offerMore();
  darkQuery.addEventListener("change", () => location.reload());
})();
