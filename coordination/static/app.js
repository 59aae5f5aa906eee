/* Small comforts on top of pages that work without them. No inline code, no eval, no storage. */
(function () {
  "use strict";
  const doc = document;
  doc.documentElement.classList.add("js");

  /* After a refused form: the summary of errors gets the focus, and the tab's title says so. */
  function showErrors(root) {
    const summary = root.querySelector("[data-error-summary]");
    if (!summary) return;
    summary.focus();
    if (!doc.title.startsWith("Erreur")) doc.title = "Erreur : " + doc.title;
  }

  /* Menus made of <details> close with Escape, with a click outside and when another one opens. */
  function closeMenus(except) {
    doc.querySelectorAll("details[data-menu][open]").forEach(function (menu) {
      if (menu !== except && !menu.contains(except)) menu.open = false;
    });
  }
  doc.addEventListener("click", function (event) {
    closeMenus(event.target.closest("details[data-menu]"));
    if (event.target.closest("[data-print]")) window.print();
  });
  doc.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      const menu = event.target.closest("details[data-menu][open]");
      closeMenus(null);
      if (menu) menu.querySelector("summary").focus();
      return;
    }
    moveBetweenRows(event);
  });

  /* Parts marked data-fold are folded where there is little room: open elsewhere and on paper. */
  const roomy = window.matchMedia("(min-width: 60rem)");
  let folded = [];
  function unfold(which) {
    return Array.from(doc.querySelectorAll("details[data-fold]" + which)).map(function (fold) { fold.open = true; return fold; });
  }
  function settle() {
    if (roomy.matches) unfold("");
    doc.querySelectorAll("details[data-fold] > summary").forEach(function (summary) { summary.tabIndex = roomy.matches ? -1 : 0; });
  }
  roomy.addEventListener("change", settle);
  window.addEventListener("beforeprint", function () { folded = unfold(":not([open])"); });
  window.addEventListener("afterprint", function () {
    folded.forEach(function (fold) { fold.open = roomy.matches; });
    folded = [];
  });

  /* A link that leads inside a fold opens it. */
  function reach() {
    const target = location.hash.length > 1 && doc.getElementById(location.hash.slice(1));
    const fold = target && target.closest("details[data-fold]");
    if (!fold || fold.open) return;
    fold.open = true;
    target.scrollIntoView();
  }
  window.addEventListener("hashchange", reach);

  /* In a list marked data-rows, the arrows go from one row's main link (data-row) to the next. */
  function moveBetweenRows(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    if (!event.target.matches("[data-row]")) return;
    const rows = Array.from(event.target.closest("[data-rows]").querySelectorAll("[data-row]"));
    const next = rows[rows.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  /* A form is sent once: a second press within four seconds is ignored. htmx forms queue by themselves. */
  doc.addEventListener("submit", function (event) {
    const form = event.target;
    if ((form.getAttribute("method") || "").toLowerCase() !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    form.dataset.clean = "1";
    if (form.dataset.long) { wait(form); return; }
    setTimeout(function () { delete form.dataset.sent; }, 4000);
  });

  /* data-long="words" on a form: its answer takes a while; the words and a moving bar say that it is being worked on. */
  function wait(form) {
    const said = doc.createElement("p");
    said.setAttribute("role", "status");
    const bar = doc.createElement("progress");
    bar.setAttribute("aria-label", form.dataset.long);
    said.append(bar, form.dataset.long);
    form.after(said);
    window.addEventListener("pageshow", function () { said.remove(); delete form.dataset.sent; }, { once: true });
  }

  /* A field marked data-select is there to be copied: reaching it selects it whole. */
  doc.addEventListener("focusin", function (event) {
    if (event.target.matches("[data-select]")) event.target.select();
  });

  /* A form marked data-guard asks before its typed words are lost. */
  doc.addEventListener("input", function (event) {
    const form = event.target.form;
    if (form && form.hasAttribute("data-guard")) form.dataset.dirty = "1";
    reveal(event.target);
  });
  window.addEventListener("beforeunload", function (event) {
    const dirty = Array.from(doc.querySelectorAll("form[data-dirty]")).some(function (form) { return !form.dataset.clean; });
    if (dirty) event.preventDefault();
  });

  /* data-most="2000" on a text: how much is typed, once the end comes near. Nothing is cut. */
  doc.addEventListener("input", function (event) {
    const area = event.target, most = Number(area.dataset.most);
    if (!most) return;
    let said = area.parentNode.querySelector("[data-typed]");
    if (!said) {
      said = doc.createElement("p");
      said.className = "hint";
      said.dataset.typed = "";
      said.setAttribute("role", "status");
      area.after(said);
    }
    const length = area.value.replace(/\n/g, "\r\n").length; // as it is sent
    said.textContent = length < most * 0.9 ? "" : length + " caractères sur " + most + (length > most ? " : raccourcissez ce texte." : "");
  });

  /* data-check-all="lines" on a button ticks every box of that name, or unticks them all. */
  doc.addEventListener("click", function (event) {
    const all = event.target.closest("[data-check-all]");
    if (!all) return;
    const boxes = Array.from(doc.querySelectorAll('input[type="checkbox"][name="' + all.dataset.checkAll + '"]'));
    const some = boxes.some(function (box) { return !box.checked; });
    boxes.forEach(function (box) { box.checked = some; });
    all.textContent = some ? "Tout décocher" : "Tout cocher";
  });

  /* data-shows="id" on a radio or a checkbox: the block of that id is shown while it is checked. */
  function reveal(input) {
    if (!input.name || (input.type !== "radio" && input.type !== "checkbox")) return;
    const scope = input.form || doc;
    scope.querySelectorAll("[data-shows]").forEach(function (owner) {
      const block = doc.getElementById(owner.dataset.shows);
      if (block) block.hidden = !owner.checked;
    });
  }
  function prepare(root) {
    root.querySelectorAll("[data-shows]").forEach(reveal);
  }

  /* When the network or the server fails under htmx, say what was kept. */
  function tell(text) {
    let toast = doc.getElementById("toast");
    if (toast) toast.remove();
    toast = doc.createElement("div");
    toast.id = "toast";
    toast.className = "toast alert tone-danger";
    toast.setAttribute("role", "alert");
    toast.textContent = text;
    doc.body.append(toast);
    setTimeout(function () { toast.remove(); }, 12000);
  }
  doc.addEventListener("htmx:sendError", function () {
    tell("La connexion est interrompue. Ce que vous avez tapé est toujours à l’écran : réessayez dans un instant.");
  });
  doc.addEventListener("htmx:responseError", function (event) {
    const status = event.detail.xhr.status;
    if (status === 401) {
      tell("Votre session est terminée. Reconnectez-vous dans un autre onglet, puis réessayez ici : rien n’est perdu à l’écran.");
      return;
    }
    tell("La page n’a pas pu être mise à jour (erreur " + status + "). Ce que vous avez tapé est toujours à l’écran.");
  });
  doc.addEventListener("htmx:afterSwap", function (event) {
    prepare(event.target);
    showErrors(event.target);
  });

  prepare(doc);
  settle();
  reach();
  showErrors(doc);
})();
