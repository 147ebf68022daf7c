// Filters and sorted tables: the pages can be read without.
"use strict";

const filters = document.getElementById("filters");
if (filters) {
  const rows = [...document.querySelectorAll("#matrix tbody tr")];
  const apply = () => {
    const { language, dtype, verdict } = Object.fromEntries(new FormData(filters));
    let shown = 0;
    for (const row of rows) {
      const cells = [...row.querySelectorAll("td.cell")].filter(
        (cell) => (!dtype || cell.dataset.dtypes.split(" ").includes(dtype)) && (!verdict || cell.dataset.verdict === verdict));
      row.hidden = (language && row.dataset.language !== language) || cells.length === 0;
      shown += row.hidden ? 0 : 1;
    }
    document.getElementById("shown").textContent = `${shown} of ${rows.length} implementations`;
  };
  filters.hidden = false;
  filters.addEventListener("input", apply);
  filters.addEventListener("submit", (event) => event.preventDefault());
  apply();
}

for (const table of document.querySelectorAll("table.sortable")) {
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.querySelectorAll("thead th")) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const text = (row) => row.cells[column].textContent.trim();
      const compare = (a, b) => {
        const x = Number(text(a)), y = Number(text(b));
        return Number.isNaN(x) || Number.isNaN(y) ? text(a).localeCompare(text(b), "en") : x - y;
      };
      const body = table.tBodies[0];
      body.append(...[...body.rows].sort((a, b) => (down ? -1 : 1) * compare(a, b)));
    });
  });
}
