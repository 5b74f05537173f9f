// Everything here makes a page that already works without it quicker to use.
(() => {
  "use strict";
  const root = document.documentElement;

  // The viewer's time zone: told to the server once, unless a person has chosen one in their settings.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !root.hasAttribute("data-zone-chosen") && root.dataset.zone !== zone) {
    const before = document.cookie;
    document.cookie = `time_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
    const known = before.split("; ").includes(`time_zone=${zone}`);
    if (!known && document.cookie !== before && document.querySelector("time, .trail")) location.reload();
  }

  // Menus and filters: one open at a time, closed by Escape and by a click elsewhere.
  const openDetails = () => document.querySelectorAll("details.menu[open], details.facet[open]");
  document.addEventListener("click", (event) => {
    for (const details of openDetails()) if (!details.contains(event.target)) details.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const details of openDetails()) {
        const inside = details.contains(document.activeElement);
        details.open = false;
        if (inside) details.querySelector("summary").focus();
      }
    } else if (["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) {
      moveInList(event);
    }
  });

  function moveInList(event) {
    if (!event.target.classList?.contains("row-link")) return;
    const links = [...document.querySelectorAll(".row-link")];
    const at = links.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (!links[to]) return;
    event.preventDefault();
    links[to].focus();
    links[to].scrollIntoView({ block: "nearest" });
  }

  // Searching in a long list of choices happens here alone; the form must not notice.
  for (const type of ["input", "change"]) {
    document.addEventListener(type, (event) => {
      const list = event.target.dataset?.listSearch;
      if (list) {
        event.stopPropagation();
        const wanted = event.target.value.trim().toLowerCase();
        for (const choice of document.querySelectorAll(`#${list} .choice`)) {
          choice.hidden = !choice.textContent.toLowerCase().includes(wanted);
        }
        return;
      }
      // Typing a bound means the custom range.
      const selects = event.target.closest?.("[data-selects]")?.dataset.selects;
      if (selects) document.getElementById(selects).checked = true;
    }, true);
  }

  // Copying: the exact text, fetched as it is stored where the page shows it with marks.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button[data-copy]");
    if (!button) return;
    const source = button.dataset.copy;
    let said = "Copied";
    try {
      const text = source.startsWith("#")
        ? document.querySelector(source).textContent
        : await fetchText(source);
      await navigator.clipboard.writeText(text);
    } catch {
      said = "Not copied: use the download";
    }
    const label = button.querySelector(".copy-label");
    const before = label.dataset.before ??= label.textContent;
    label.textContent = said;
    setTimeout(() => { label.textContent = before; }, 2500);
  });

  async function fetchText(url) {
    const response = await fetch(url);
    if (!response.ok) throw new Error(String(response.status));
    return response.text();
  }

  // What could not be refreshed is said; an old list must not pass for a new one.
  const trouble = (shown) => {
    const notice = document.getElementById("trouble");
    if (notice) notice.hidden = !shown;
  };
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.error?.name !== "AbortError") trouble(true);
  });
  document.addEventListener("htmx:response:error", (event) => {
    if (event.detail.ctx.response.status >= 500) trouble(true);
  });
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx.response?.status < 500) trouble(false);
  });

  // The theme shows at once; the server keeps it.
  document.addEventListener("change", (event) => {
    if (event.target.name === "theme") root.dataset.theme = event.target.value;
  });
})();
