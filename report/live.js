/* factom-load: zoom and hover on the charts over time, over what is drawn without it. */
(() => {
"use strict";
const charts = JSON.parse(document.getElementById("chart-data").textContent);
const root = document.documentElement, section = document.getElementById("charts");
const key = "time"; /* the cursors of all charts move together */
let plots = [], following = false;

/* Texts, as the drawings have them. */
const figure = v => v == null ? "—" : Math.abs(v) >= 1000 ? Math.round(v).toLocaleString("en") : String(+v.toPrecision(3));
const ms = v => v == null ? "—" : v >= 1000 ? figure(v / 1000) + " s" : v < .1 ? figure(v * 1000) + " µs" : figure(v) + " ms";
const clock = (s, fine) => {
	if (s == null) return "—";
	if (s < 120) return (fine ? +s.toFixed(1) : +s.toFixed(3)) + " s";
	const n = Math.round(s), two = v => String(v).padStart(2, "0");
	return n < 3600 ? Math.floor(n / 60) + ":" + two(n % 60) : Math.floor(n / 3600) + ":" + two(Math.floor(n / 60) % 60) + ":" + two(n % 60);
};
const steps = [.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/* Colours, dashes and widths are those of style.css. */
const look = (classes, probe) => {
	probe.setAttribute("class", "line " + classes);
	const style = getComputedStyle(probe);
	const dash = style.strokeDasharray === "none" ? undefined : style.strokeDasharray.split(/[ ,]+/).map(parseFloat);
	return {color: style.color, dash, width: Math.min(parseFloat(style.strokeWidth) || 1, 4)};
};
const fade = (color, alpha) => color.replace("rgb(", "rgba(").replace(")", ", " + alpha + ")");

function plot(chart, panel, host, probe) {
	const ink = look("", probe).color;
	const phase = at => (chart.bands.findLast(b => at >= b.from && at < b.to) || {name: "no phase"}).name.slice(0, 40);
	/* The cursor tells of an event that is next to it. */
	const event = (u, at) => {
		const near = chart.events.filter(e => Math.abs(u.valToPos(e.at, "x") - u.valToPos(at, "x")) < 6).map(e => e.name.slice(0, 40));
		return near.length ? ", " + [...new Set(near)].slice(0, 3).join(", ") : "";
	};
	const tables = [], series = [{label: "at", value: (u, v) => v == null ? "—" : clock(v, true) + ", " + phase(v) + event(u, v)}], bands = [];
	for (const table of panel.tables) {
		const columns = [table.x];
		for (const s of table.series) {
			const {color, dash, width} = look(s.class, probe);
			const value = (u, v) => panel.ms ? ms(v) : figure(v);
			columns.push(s.y);
			if (!s.low) {
				series.push({label: s.label, value, dots: s.dots, stroke: color, width: s.dots ? 1 : width, dash: s.dots ? undefined : dash,
					paths: s.dots ? () => null : undefined, points: s.dots ? {show: true, size: 4, fill: color, stroke: color, width: 0} : {show: false}});
				continue;
			}
			columns.push(s.low);
			for (let i = 0; i < 2; i++) series.push({label: "", class: "quiet", width: 0, points: {show: false}});
			bands.push({series: [series.length - 2, series.length - 1], fill: fade(color, /faint/.test(s.class) ? .14 : .25)});
		}
		tables.push(columns);
	}
	/* Grid lines at 1, 2 and 5 times the powers of ten, as the drawings have them. */
	const powers = [];
	for (let e = Math.floor(Math.log10(panel.low || 1)); panel.ms && e <= Math.log10(panel.high); e++)
		for (const m of [1, 2, 5]) if (m * 10 ** e >= panel.low * .999 && m * 10 ** e <= panel.high * 1.001) powers.push(+(m * 10 ** e).toPrecision(3));
	const few = powers.length <= 6, labelled = v => few || /^1/.test(v.toExponential());
	const axis = {stroke: ink, grid: {stroke: fade(ink, .15), width: 1}, ticks: {show: false}, font: "12px system-ui, sans-serif"};
	const u = new uPlot({
		width: host.clientWidth, height: panel.height + 54, padding: [8, 30, 0, 0],
		scales: {x: {time: false}, y: {distr: panel.ms ? 3 : 1, range: [panel.low, panel.high]}},
		axes: [
			{...axis, size: 36, gap: 9, space: 70, incrs: steps, values: (u, all) => all.map(v => clock(v))},
			panel.ms
				? {...axis, size: 66, splits: () => powers, filter: (u, all) => all, values: (u, all) => all.map(v => labelled(v) ? ms(v) : "")}
				: {...axis, size: 66, values: (u, all) => all.map(figure)},
		],
		cursor: {sync: {key, scales: ["x", null]}, drag: {x: true, y: false}, points: {size: 6}},
		legend: {markers: {width: (u, i) => i && u.series[i].stroke ? 2 : 0, dash: (u, i) => !u.series[i].stroke ? "solid" : u.series[i].dots ? "dotted" : u.series[i].dash ? "dashed" : "solid"}},
		series, bands,
		hooks: {
			drawClear: [u => { /* every other phase is shaded, as in the drawings */
				const {ctx, bbox} = u, end = bbox.left + bbox.width;
				ctx.save();
				ctx.fillStyle = fade(ink, .06);
				const {min, max} = u.scales.x, many = chart.bands.filter(b => b.to > min && b.from < max).length > u.over.clientWidth / 12;
				for (let i = 1; i < chart.bands.length && !many; i += 2) {
					const from = Math.max(u.valToPos(chart.bands[i].from, "x", true), bbox.left);
					const to = Math.min(u.valToPos(chart.bands[i].to, "x", true), end);
					if (to - from >= 1) ctx.fillRect(from, bbox.top, to - from, bbox.height);
				}
				ctx.restore();
			}],
			drawAxes: [u => {
				const {ctx, bbox} = u;
				ctx.save();
				ctx.strokeStyle = fade(ink, .45);
				ctx.setLineDash([2, 3]);
				for (const e of chart.events) {
					const x = u.valToPos(e.at, "x", true);
					if (x < bbox.left || x > bbox.left + bbox.width) continue;
					ctx.beginPath();
					ctx.moveTo(x, bbox.top);
					ctx.lineTo(x, bbox.top + bbox.height);
					ctx.stroke();
				}
				ctx.restore();
			}],
			setScale: [(u, k) => {
				if (k !== "x" || following) return;
				following = true;
				for (const other of plots) if (other !== u) other.setScale("x", {min: u.scales.x.min, max: u.scales.x.max});
				following = false;
			}],
		},
	}, uPlot.join(tables.concat([[[chart.from, chart.to]]])), host);
	u.whole = {min: chart.from, max: chart.to};
	u.setScale("x", u.whole);
	u.over.addEventListener("dblclick", e => { e.stopImmediatePropagation(); u.setScale("x", u.whole); }, true);
	keys(u, chart, panel);
	return u;
}

/* What the mouse can do, the keyboard can. */
function keys(u, chart, panel) {
	u.root.tabIndex = 0;
	u.root.setAttribute("role", "group");
	u.root.setAttribute("aria-label", panel.title + ". Arrow keys move the cursor, plus and minus zoom, 0 shows all.");
	for (const row of u.root.querySelectorAll(".u-series")) {
		const name = row.querySelector("th");
		if (row.matches(".quiet") || row === u.root.querySelector(".u-series")) continue;
		name.tabIndex = 0;
		name.setAttribute("role", "button");
		name.addEventListener("keydown", e => {
			if (e.key === "Enter" || e.key === " ") { e.preventDefault(); e.stopPropagation(); name.click(); }
		});
	}
	u.root.addEventListener("keydown", e => {
		if (e.ctrlKey || e.metaKey || e.altKey) return;
		const xs = u.data[0], {min, max} = u.scales.x;
		let at = u.cursor.idx;
		const zoom = by => {
			const mid = at == null ? (min + max) / 2 : xs[at], half = (max - min) / 2 * by;
			const from = Math.max(u.whole.min, mid - half), to = Math.min(u.whole.max, mid + half);
			if (to - from > .01) u.setScale("x", {min: from, max: to});
		};
		switch (e.key) {
		case "ArrowLeft": case "ArrowRight": {
			const by = (e.key === "ArrowLeft" ? -1 : 1) * (e.shiftKey ? 10 : 1);
			at = at == null ? u.valToIdx(min) : Math.min(Math.max(at + by, 0), xs.length - 1);
			u.setCursor({left: u.valToPos(xs[at], "x"), top: u.over.clientHeight / 2}, true, true);
			say([...u.root.querySelectorAll(".u-series:not(.quiet):not(.u-off)")].map(r => r.textContent.replace(/\s+/g, " ")).join(", "));
			break;
		}
		case "+": case "=": zoom(.5); break;
		case "-": zoom(2); break;
		case "0": case "Escape": u.setScale("x", u.whole); break;
		default: return;
		}
		e.preventDefault();
	});
}

const voice = document.createElement("p");
voice.className = "vh";
voice.setAttribute("role", "status");
const say = text => { voice.textContent = text; };

function build() {
	for (const u of plots) u.destroy();
	plots = [];
	for (const old of section.querySelectorAll(".live")) old.remove();
	const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), probe = document.createElementNS(svg.namespaceURI, "path");
	svg.setAttribute("class", "chart probe");
	svg.append(probe);
	section.append(svg);
	for (const chart of charts) {
		const box = document.getElementById(chart.id), drawn = box && box.querySelector("svg.chart");
		if (!drawn) continue;
		box.classList.add("has-live");
		const live = document.createElement("div");
		live.className = "live";
		drawn.before(live);
		for (const panel of chart.panels) {
			const title = document.createElement("p");
			title.className = "live-title";
			title.textContent = panel.title;
			live.append(title);
			plots.push(plot(chart, panel, live, probe));
		}
	}
	svg.remove();
}

const button = document.createElement("button");
button.type = "button";
button.textContent = "Zoom and hover";
function show(on) {
	root.classList.toggle("live-on", on);
	button.setAttribute("aria-pressed", String(on));
	if (on) build();
}
button.addEventListener("click", () => show(!root.classList.contains("live-on")));
const bar = document.createElement("p"), hint = document.createElement("span");
bar.className = "live-bar";
hint.className = "live-hint";
hint.textContent = "Drag to zoom the charts over time, double-click to see all. Keys: arrows, + and −, 0.";
bar.append(button, hint, voice);
section.querySelector("h2").after(bar);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(root.classList.contains("live-on")));
addEventListener("resize", () => { for (const u of plots) u.setSize({width: u.root.parentNode.clientWidth || u.width, height: u.height}); });
show(true);
})();
