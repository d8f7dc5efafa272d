// Filters, opens and walks through the findings. Without it the page shows everything and the browser's own keys work.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const reported = [...document.querySelectorAll(".finding")]; // worst first
  let findings = reported; // as they stand on the page
  let groups = new Map(); // heading: its findings
  const search = byId("search"), filters = byId("filters"), pick = byId("package");
  const plural = (n) => `${n.toLocaleString("en")} ${n === 1 ? "finding" : "findings"}`;
  const shown = () => findings.filter((f) => !f.hidden);
  const fold = (f) => f.querySelector("details");

  // filter: every word of the search, any of the ticked values of each facet
  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = new Map();
    for (const box of filters.querySelectorAll("input:checked")) {
      if (!wanted.has(box.name)) wanted.set(box.name, new Set());
      wanted.get(box.name).add(box.value);
    }
    if (pick && pick.value) wanted.set("package", new Set([pick.value]));
    let count = 0;
    for (const f of findings) {
      let keep = words.every((word) => f.dataset.text.includes(word));
      for (const [key, values] of wanted) keep = keep && values.has(f.dataset[key]);
      f.hidden = !keep;
      if (keep) count += 1;
    }
    for (const [heading, members] of groups) {
      const kept = members.filter((f) => !f.hidden).length;
      heading.hidden = kept === 0;
      heading.querySelector(".count").textContent = plural(kept);
    }
    byId("shown").textContent = count === findings.length ? plural(count) : `${count.toLocaleString("en")} of ${plural(findings.length)}`;
    byId("none").hidden = count > 0;
    byId("clear").hidden = count === findings.length && wanted.size === 0 && words.length === 0;
  }
  function showAll() {
    search.value = "";
    filters.reset();
    filter();
  }

  // order: sorted, then groups in the order of their first findings; what is equal stays worst first
  const levels = ["high", "medium", "low"];
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const place = (a, b) => compare(a.dataset.path, b.dataset.path) || a.dataset.line - b.dataset.line;
  const sorts = {
    confidence: (a, b) => levels.indexOf(a.dataset.confidence) - levels.indexOf(b.dataset.confidence),
    map: (a, b) => compare(a.dataset.map.toLowerCase(), b.dataset.map.toLowerCase()) || place(a, b),
    place,
  };
  function heading(name, beside) {
    const made = document.createElement("h2");
    made.className = "group";
    for (const [kind, text] of [["code", name], ["span", beside], ["span", ""]]) {
      made.append(document.createElement(kind), " ");
      made.lastElementChild.textContent = text;
    }
    made.lastElementChild.className = "count";
    return made;
  }
  function arrange() {
    const by = byId("group").value;
    const sorted = [...reported].sort(sorts[byId("sort").value] ?? (() => 0));
    const members = new Map();
    for (const f of sorted) {
      const { map, package: where } = f.dataset;
      const key = by === "map" ? `${where} ${map}` : by ? where : "";
      if (!members.has(key)) members.set(key, []);
      members.get(key).push(f);
    }
    for (const old of groups.keys()) old.remove();
    groups = new Map();
    findings = [...members.values()].flat();
    for (const list of members.values()) {
      const { map, package: where } = list[0].dataset;
      const made = by === "map" ? heading(map, where) : by ? heading(where, "") : null;
      if (made) groups.set(made, list);
      for (const part of made ? [made, ...list] : list) byId("none").before(part);
    }
    filter();
  }

  // code that is wider than its box scrolls: the keyboard must reach it
  function reach(box) {
    for (const code of box.querySelectorAll("pre.code")) {
      if (code.scrollWidth > code.clientWidth) code.tabIndex = 0;
      else code.removeAttribute("tabindex");
    }
  }

  // walk: the current finding is the one that has the focus, else the last that had it
  let current = null;
  function go(f) {
    if (current) current.classList.remove("current");
    current = f;
    f.classList.add("current");
    f.querySelector("summary").focus({ preventScroll: true });
    f.scrollIntoView({ block: "start" });
  }
  function step(by) {
    const list = shown();
    if (!list.length) return;
    const at = list.indexOf(document.activeElement?.closest(".finding") ?? current);
    go(list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + by, 0), list.length - 1)]);
  }
  function openAll(open) {
    for (const f of shown()) fold(f).open = open;
  }
  function openTarget() {
    const target = location.hash.length > 1 ? byId(location.hash.slice(1)) : null;
    if (!target || !target.classList.contains("finding")) return;
    if (target.hidden) showAll();
    fold(target).open = true;
    go(target);
  }

  // theme: the system's until the reader chooses; some browsers keep nothing for files
  const themes = ["auto", "light", "dark"];
  function stored(value) {
    try {
      if (value === undefined) return localStorage.getItem("mapguard-theme");
      localStorage.setItem("mapguard-theme", value);
    } catch {
      return null;
    }
    return value;
  }
  let theme = "auto";
  function setTheme(name) {
    theme = themes.includes(name) ? name : "auto";
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    byId("theme").querySelector("span").textContent = theme;
  }
  function nextTheme() {
    setTheme(themes[(themes.indexOf(theme) + 1) % themes.length]);
    stored(theme);
  }

  const keys = byId("keys");
  const actions = {
    j: () => step(1),
    k: () => step(-1),
    o: () => current && !current.hidden && (fold(current).open = !fold(current).open),
    e: () => openAll(true),
    c: () => openAll(false),
    x: () => findings.length && showAll(),
    t: nextTheme,
    "/": () => search && search.focus(),
    "?": () => keys.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
    if (event.target === search && event.key === "Escape") {
      if (search.value) search.value = "", filter();
      else search.blur();
      return;
    }
    if (event.target.closest("input[type=search], select") || !Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  });
  document.addEventListener("focusin", (event) => {
    const f = event.target.closest(".finding");
    if (!f || f === current) return;
    if (current) current.classList.remove("current");
    current = f;
    f.classList.add("current");
  });

  // print: everything that is shown, and the gaps, open
  let opened = [];
  addEventListener("beforeprint", () => {
    for (const d of [...shown().map(fold), ...document.querySelectorAll(".gaps")]) {
      if (d.open) continue;
      d.open = true;
      opened.push(d);
    }
  });
  addEventListener("afterprint", () => {
    for (const d of opened) d.open = false;
    opened = [];
  });

  // the diff of a patch, as text that git apply takes
  async function copy(button) {
    const text = button.nextElementSibling.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(button.nextElementSibling);
      if (!document.execCommand("copy")) return; // it is selected: the browser's own keys copy it
      getSelection().removeAllRanges();
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy the diff"), 2000);
  }
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }

  byId("theme").addEventListener("click", nextTheme);
  byId("help").addEventListener("click", () => keys.showModal());
  for (const part of document.querySelectorAll("#theme, #help, .search, .order")) part.hidden = false;
  setTheme(stored());
  if (!findings.length) return;
  for (const control of filters.elements) control.disabled = false;
  byId("group").addEventListener("change", arrange);
  byId("sort").addEventListener("change", arrange);
  document.addEventListener("toggle", (event) => event.target.open && reach(event.target), true);
  search.addEventListener("input", filter);
  filters.addEventListener("change", filter);
  filters.addEventListener("reset", () => setTimeout(filter));
  byId("clear").addEventListener("click", () => (search.value = ""));
  byId("again").addEventListener("click", showAll);
  if (matchMedia("(max-width: 60rem)").matches) document.querySelector(".facets").open = false;
  for (const f of findings) if (fold(f).open) reach(f);
  addEventListener("hashchange", openTarget);
  arrange(); // a browser may have kept what was chosen before the page was loaded again
  openTarget();
})();
