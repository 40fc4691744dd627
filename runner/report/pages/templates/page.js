"use strict";
// The table of results is sorted and filtered; up to six servers can be chosen, to be seen alone in every chart and
// table, which the address keeps (?servers=…). Without this the page is complete.
(() => {
  const MOST = 6;
  const SVG = "http://www.w3.org/2000/svg";
  const table = document.getElementById("results-table");
  const controls = document.getElementById("filters");
  const choice = document.getElementById("choice");
  if (!table || !controls || !choice) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const headings = Array.from(table.tHead.rows[0].cells);
  const status = document.getElementById("shown");
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const selects = Array.from(controls.querySelectorAll("select"));
  const search = controls.querySelector("input");
  const boxes = Array.from(choice.querySelectorAll("input"));
  const titles = new Map(boxes.map((box) => [box.value, box.dataset.title]));
  const others = Array.from(document.querySelectorAll("main [data-server]")).filter((one) => !rows.includes(one));
  let sorted = { column: -1, order: "none" };
  let chosen = [];

  const isChosen = (element) => chosen.length === 0 || chosen.includes(element.dataset.server);

  const matches = (row) =>
    isChosen(row) &&
    selects.every((select) => select.value === "" || row.dataset[select.name] === select.value) &&
    search.value
      .toLowerCase()
      .split(/\s+/)
      .every((word) => row.textContent.toLowerCase().includes(word));

  const tell = () => {
    const shown = rows.filter((row) => !row.hidden).length;
    const by = sorted.order === "none" ? "" : `, sorted by ${headings[sorted.column].textContent.trim()}, ${sorted.order}`;
    status.textContent = `${shown} of ${rows.length} rows${by}`;
  };

  const filter = () => {
    for (const row of rows) row.hidden = !matches(row);
    tell();
  };

  // What was not measured has no value, and comes last whichever way the others are sorted.
  const compare = (column, sign) => (one, other) => {
    const [a, b] = [one.cells[column].dataset.value, other.cells[column].dataset.value];
    if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
    const numeric = headings[column].dataset.type === "number";
    return sign * (numeric ? Number(a) - Number(b) : collator.compare(a, b));
  };

  const sort = (column) => {
    const orders = headings[column].dataset.first === "descending"
      ? ["descending", "ascending", "none"]
      : ["ascending", "descending", "none"];
    const now = sorted.column === column ? orders.indexOf(sorted.order) : -1;
    sorted = { column, order: orders[(now + 1) % orders.length] };
    headings.forEach((heading, index) => heading.setAttribute("aria-sort", index === column ? sorted.order : "none"));
    const ordered = sorted.order === "none"
      ? rows
      : rows.slice().sort(compare(column, sorted.order === "ascending" ? 1 : -1));
    body.append(...ordered);
    tell();
  };

  const drawn = (name, attributes) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };

  // The panels of chosen servers laid over each other: all of a chart are on the same axes.
  const overlay = (place) => {
    place.replaceChildren();
    const panels = Array.from(place.nextElementSibling.querySelectorAll(".one")).filter(isChosen);
    place.hidden = chosen.length === 0 || panels.length === 0;
    if (place.hidden) return;
    const name = place.dataset.chart;
    const outer = drawn("svg", { class: "large", "aria-hidden": "true", focusable: "false" });
    const inner = drawn("svg", { viewBox: "0 0 1000 1000", preserveAspectRatio: "none", width: "100%", height: place.dataset.height });
    outer.append(drawn("use", { href: `#${name}-large` }), inner);
    const legend = document.createElement("p");
    legend.className = "legend";
    panels.slice(0, 8).forEach((panel, number) => {
      for (const path of panel.querySelectorAll("path.l, path.d, path.w")) {
        const copy = path.cloneNode(false);
        copy.setAttribute("class", `${path.classList[0]} s${number}`);
        inner.append(copy);
      }
      const key = drawn("svg", { class: "key", "aria-hidden": "true", focusable: "false" });
      key.append(drawn("path", { class: `l s${number}`, d: "M0 8H16" }));
      const word = document.createElement("span");
      word.append(key, panel.dataset.label);
      legend.append(word);
    });
    place.append(outer, legend);
  };

  // Of two servers the ratio of their rates; half-widths add as roots of squares, on the log scale,
  // which is Welch's interval or a wider one (each half-width has its own cell's degrees of freedom, Welch's has more).
  const ratios = () => {
    const place = document.getElementById("ratios");
    place.replaceChildren();
    if (chosen.length !== 2) return;
    const of = (name, depth) => rows.filter((row) => row.dataset.server === name && row.dataset.depth === depth && row.dataset.rate);
    for (const depth of new Set(rows.map((row) => row.dataset.depth))) {
      const [one, other] = chosen.map((name) => of(name, depth));
      if (one.length !== 1 || other.length !== 1) continue;
      const [a, b] = [one[0], other[0]].map((row) => row.dataset.rate.split(" ").map(Number));
      const ratio = a[0] / b[0];
      const half = Math.hypot(Math.log(a[2] / a[0]), Math.log(b[2] / b[0]));
      const said = [ratio, ratio / Math.exp(half), ratio * Math.exp(half)].map((value) => value.toPrecision(3));
      const line = document.createElement("li");
      line.textContent = `depth ${depth}: ${titles.get(chosen[0])} has ${said[0]} times the rate of ${titles.get(chosen[1])} (${said[1]} to ${said[2]})`;
      place.append(line);
    }
  };

  const show = () => {
    for (const element of others) element.hidden = !isChosen(element);
    choice.classList.toggle("some", chosen.length > 0);
    for (const columns of document.querySelectorAll(".columns-of-dots")) {
      const left = Array.from(columns.children).filter((one) => one.querySelector("[data-server]:not([hidden])"));
      left.forEach((column, place) => { column.querySelector(".axis").hidden = chosen.length > 0 && place > 0; });
    }
    for (const place of document.querySelectorAll(".overlay")) overlay(place);
    for (const box of boxes) {
      box.checked = chosen.includes(box.value);
      box.disabled = chosen.length >= MOST && !box.checked;
    }
    const said = document.getElementById("chosen");
    said.textContent = chosen.length === 0
      ? `All ${boxes.length} servers are shown.`
      : `Only ${chosen.map((name) => titles.get(name)).join(", ")} shown of ${boxes.length} servers. `;
    if (chosen.length > 0) {
      const all = document.createElement("button");
      all.type = "button";
      all.textContent = "Show all";
      all.addEventListener("click", () => choose([]));
      said.append(all);
    }
    ratios();
    filter();
  };

  const choose = (names) => {
    chosen = names;
    const query = names.length === 0 ? "" : `?servers=${names.map(encodeURIComponent).join(",")}`;
    history.replaceState(null, "", location.pathname + query + location.hash);
    show();
  };

  const read = () => {
    const asked = (new URLSearchParams(location.search).get("servers") || "").split(",");
    chosen = asked.filter((name, place) => titles.has(name) && asked.indexOf(name) === place).slice(0, MOST);
    show();
  };

  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(column));
    heading.append(button);
    heading.setAttribute("aria-sort", "none");
  });
  for (const select of selects) select.addEventListener("change", filter);
  for (const box of boxes) {
    box.addEventListener("change", () =>
      choose(box.checked ? [...chosen, box.value].slice(0, MOST) : chosen.filter((name) => name !== box.value)));
  }
  search.addEventListener("input", filter);
  window.addEventListener("popstate", read);
  controls.hidden = choice.hidden = false;
  read();
})();
