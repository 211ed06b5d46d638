// What pages of the documentation can do beyond being read: search, languages, copying, trying. All of it is added here, so
// without scripts no button stands there that does nothing.
"use strict";

const own = document.currentScript.dataset;

const make = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
};

const remembered = {
  get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* a browser that keeps nothing */ } },
};

// Links as they were when all of the reference was one page: #/contacts/contacts_create.
const moved = location.hash.match(/^#\/([a-z_]+)(?:\/([a-z_]+))?$/);
if (moved) location.replace(`/docs/${own.contract}/${moved[1]}${moved[2] ? `#${moved[2]}` : ""}`);

// A link to a field opens what the field is in.
const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let each = target.closest("details"); each; each = each.parentElement.closest("details")) each.open = true;
  target.scrollIntoView();
};
addEventListener("hashchange", reveal);
reveal();

// Buttons that copy: one for each block, made when somebody comes near it.
const copying = (pre) => {
  const button = make("button", {
    class: "copy", type: "button",
    onclick: async () => {
      await navigator.clipboard.writeText(pre.innerText);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    },
  }, "Copy");
  const around = make("div", { class: "with-copy" });
  pre.before(around);
  around.append(pre, button);
};
if (navigator.clipboard) document.querySelectorAll("pre").forEach(copying);

// Samples in several languages: one is shown, the same everywhere.
const choose = (language) => {
  for (const samples of document.querySelectorAll(".samples")) {
    const figures = [...samples.querySelectorAll("figure")];
    const shown = figures.find((each) => each.dataset.language === language) ?? figures[0];
    for (const figure of figures) {
      figure.hidden = figure !== shown;
      const tab = document.getElementById(figure.getAttribute("aria-labelledby"));
      tab.setAttribute("aria-selected", String(figure === shown));
      tab.tabIndex = figure === shown ? 0 : -1;
    }
  }
};
let tabs = 0;
for (const samples of document.querySelectorAll(".samples")) {
  const figures = [...samples.querySelectorAll("figure")];
  if (figures.length < 2) continue;
  const bar = make("div", { class: "tabs", role: "tablist", "aria-label": "Language" });
  for (const figure of figures) {
    const caption = figure.querySelector("figcaption");
    tabs += 1;
    const tab = make("button", {
      type: "button", role: "tab", id: `tab-${tabs}`, "aria-controls": `sample-${tabs}`,
      onclick: () => { remembered.set("language", figure.dataset.language); choose(figure.dataset.language); },
      onkeydown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const all = [...bar.children];
        const next = all[(all.indexOf(tab) + step + all.length) % all.length];
        next.click();
        next.focus();
      },
    }, caption.textContent);
    caption.remove();
    for (const [key, value] of Object.entries({ role: "tabpanel", id: `sample-${tabs}`, "aria-labelledby": tab.id })) figure.setAttribute(key, value);
    bar.append(tab);
  }
  samples.prepend(bar);
}
if (tabs) choose(remembered.get("language"));

// Search: an index of this contract, loaded once somebody means to search.
let rows;
const loaded = async () => {
  rows ??= fetch(`/docs/${own.contract}/search.json`)
    .then((answer) => answer.json())
    .then((found) => found.map(([kind, title, text, address]) => ({ kind, title, text, address, name: title.toLowerCase(), all: `${title} ${text}`.toLowerCase() })));
  return rows;
};
const kinds = ["operation", "object", "guide", "error", "field"];
const rank = (row, text) => {
  const place = row.name === text ? 0 : row.name.startsWith(text) ? 1 : row.name.includes(text) ? 2 : 3;
  return place * 10 + kinds.indexOf(row.kind);
};
const matching = (all, text) => {
  const words = text.split(/\s+/);
  return all
    .filter((row) => words.every((word) => row.all.includes(word)))
    .map((row) => [rank(row, text), row])
    .sort(([one], [other]) => one - other)
    .slice(0, 30)
    .map(([, row]) => row);
};

const box = make("input", {
  type: "text", role: "combobox", "aria-label": "Search", "aria-expanded": "false", "aria-controls": "found", "aria-autocomplete": "list",
  autocomplete: "off", spellcheck: "false", placeholder: "Operations, fields, errors, guides",
});
const list = make("ul", { class: "found", role: "listbox", id: "found", "aria-label": "Results" });
const said = make("p", { role: "status" });
const dialog = make("dialog", { "aria-label": "Search the documentation" }, box, said, list);
document.body.append(dialog);

let at = 0;
const mark = (index) => {
  const options = [...list.children];
  at = options.length ? (index + options.length) % options.length : 0;
  options.forEach((each, place) => each.setAttribute("aria-selected", String(place === at)));
  options[at]?.scrollIntoView({ block: "nearest" });
  if (options[at]) box.setAttribute("aria-activedescendant", options[at].id);
  else box.removeAttribute("aria-activedescendant");
};
const go = (address) => {
  dialog.close();
  location.assign(address);
};
const look = async () => {
  const text = box.value.trim().toLowerCase();
  const all = await loaded();
  if (text !== box.value.trim().toLowerCase()) return;
  const found = text ? matching(all, text) : [];
  list.replaceChildren(...found.map((row, place) =>
    make("li", { role: "option", id: `found-${place}`, "aria-selected": "false", "data-address": row.address, onclick: () => go(row.address) },
      row.title, make("small", {}, row.text ? `${row.kind} · ${row.text}` : row.kind))));
  box.setAttribute("aria-expanded", String(found.length > 0));
  said.textContent = text && !found.length ? "Nothing found." : "";
  mark(0);
};
box.addEventListener("input", look);
box.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    mark(at + (event.key === "ArrowDown" ? 1 : -1));
  } else if (event.key === "Enter" && list.children[at]) {
    event.preventDefault();
    go(list.children[at].dataset.address);
  }
});
const search = () => {
  loaded();
  dialog.showModal();
  box.select();
  look();
};
const opener = make("button", { type: "button", class: "search", onclick: search }, "Search ", make("kbd", {}, "/"));
document.querySelector(".top nav").append(opener);
addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  const asked = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
  if ((asked || (event.key === "k" && (event.ctrlKey || event.metaKey))) && !dialog.open) {
    event.preventDefault();
    search();
  }
});

// Trying an operation, and a token of a sandbox: loaded when somebody asks for it.
const trying = () => import(`${own.assets}/try_it.js?${own.stamp}`);
for (const section of document.querySelectorAll("[data-operation]")) {
  const button = make("button", {
    type: "button", class: "attempt",
    onclick: async () => {
      button.disabled = true;
      (await trying()).open(section, own, make);
    },
  }, "Try it");
  section.querySelector(".line").append(" ", button);
}
const begin = document.getElementById("begin");
if (begin && own.instant) {
  const said = make("div", { role: "status" });
  const button = make("button", {
    type: "button",
    onclick: async () => {
      try {
        const told = await (await trying()).instant(own.instant);
        const text = make("pre", { tabindex: "0" }, make("code", {}, `export TOKEN=${told.token}`));
        said.replaceChildren("A sandbox of your own, for an hour:", text);
        if (navigator.clipboard) copying(text);
      } catch (error) { said.textContent = error.message; }
    },
  }, "Get a test token");
  begin.append(button, said);
}
