"use strict";
// The table of results: sorted by its headings, filtered by the controls above it. Without this the page is complete.
(() => {
  const table = document.getElementById("results-table");
  const controls = document.getElementById("filters");
  if (!table || !controls) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const headings = Array.from(table.tHead.rows[0].cells);
  const status = document.getElementById("shown");
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const selects = Array.from(controls.querySelectorAll("select"));
  const search = controls.querySelector("input");
  let sorted = { column: -1, order: "none" };

  const matches = (row) =>
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

  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(column));
    heading.append(button);
    heading.setAttribute("aria-sort", "none");
  });
  for (const select of selects) select.addEventListener("change", filter);
  search.addEventListener("input", filter);
  controls.hidden = false;
  tell();
})();
