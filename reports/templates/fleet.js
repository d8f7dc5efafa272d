// Search, filters and the order of the table. Without it the page shows everything, by number of findings.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const search = byId("search"), filters = byId("filters"), fresh = byId("only-new");
  const body = byId("table").tBodies[0];
  const rows = [...body.rows], findings = [...document.querySelectorAll("#found > li")];
  const count = (n, one, more) => `${n.toLocaleString("en")} ${n === 1 ? one : more}`;

  // a finding is shown when every word of the search, one of the ticked rules and "new" are right; a repository when it has such a
  // finding, or when nothing but its name was asked for
  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rules = new Set([...filters.querySelectorAll("input[name=rule]:checked")].map((box) => box.value));
    const kept = new Set();
    let shown = 0;
    for (const one of findings) {
      const { text, rule, repository } = one.dataset;
      const keep = words.every((word) => text.includes(word)) && (!rules.size || rules.has(rule)) && (!fresh.checked || one.dataset.new === "1");
      one.hidden = !keep;
      if (keep) kept.add(repository);
      shown += keep;
    }
    let left = 0;
    for (const row of rows) {
      const named = !rules.size && !fresh.checked && words.every((word) => row.dataset.repository.toLowerCase().includes(word));
      row.hidden = !named && !kept.has(row.dataset.repository);
      left += !row.hidden;
    }
    byId("shown").textContent = `${count(shown, "finding", "findings")} in ${count(left, "repository", "repositories")}`;
    if (byId("none")) byId("none").hidden = shown > 0;
  }

  const value = (row, column) => Number(row.cells[column]?.dataset.value ?? -1);
  function sort(heading, column) {
    const down = heading.getAttribute("aria-sort") ? heading.getAttribute("aria-sort") === "ascending" : heading.dataset.sort === "number";
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const name = (row) => row.dataset.repository;
    const order = (a, b) => (heading.dataset.sort === "number" ? value(a, column) - value(b, column) : 0) * (down ? -1 : 1);
    const names = (a, b) => name(a).localeCompare(name(b), "en") * (heading.dataset.sort === "text" && down ? -1 : 1);
    body.append(...rows.sort((a, b) => order(a, b) || names(a, b)));
  }
  [...byId("table").tHead.rows[0].cells].forEach((heading, column) => {
    if (!heading.dataset.sort) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sort(heading, column));
    heading.replaceChildren(button);
  });
  search.addEventListener("input", filter);
  filters.addEventListener("change", filter);
  filters.addEventListener("reset", () => setTimeout(() => { search.value = ""; filter(); }));
  search.parentElement.hidden = filters.hidden = false;
  filter();
})();
