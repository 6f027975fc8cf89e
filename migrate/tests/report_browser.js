// Measures the reports in the frames of this page, in each language, and writes what it found.
"use strict";

// Relative luminance and contrast: WCAG 2.2, "contrast ratio".
function luminance([r, g, b]) {
  const part = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
}

function contrast(one, other) {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function parts(color) {
  return color.match(/[\d.]+/g).map(Number);
}

// The colour behind an element: of the nearest one that has any.
function behind(element, view) {
  for (let at = element; at; at = at.parentElement) {
    const color = parts(view.getComputedStyle(at).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
  return [255, 255, 255];
}

function visible(element) {
  return element.getClientRects().length > 0 && element.getBoundingClientRect().width > 2;
}

// Every text that is seen: how many, and the one with the least contrast.
function texts(doc) {
  const view = doc.defaultView;
  const walker = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT);
  const found = { texts: 0, worst: 99, worst_text: "" };
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || ["TITLE", "DESC", "STYLE", "title", "desc"].includes(element.tagName) || !visible(element)) continue;
    const style = view.getComputedStyle(element);
    const ink = parts(element.tagName === "text" ? style.fill : style.color);
    const ratio = contrast(ink, behind(element, view));
    found.texts += 1;
    if (ratio < found.worst) {
      found.worst = ratio;
      found.worst_text = text.slice(0, 40);
    }
  }
  return found;
}

// What people who do not see the page would stumble over.
function wrong(doc) {
  const said = [];
  let before = 0;
  for (const heading of [...doc.querySelectorAll("h1, h2, h3, h4")].filter(visible)) {
    const level = Number(heading.tagName[1]);
    if (level > before + 1) said.push(`${heading.tagName} after H${before}: ${heading.textContent}`);
    before = level;
  }
  const headings = [...doc.querySelectorAll("h1")].filter(visible).length;
  if (headings !== 1) said.push(`${headings} headings of the first level`);
  if (doc.querySelectorAll("main").length !== 1) said.push("not one main");
  for (const table of doc.querySelectorAll("table")) {
    if (!table.caption || !table.caption.textContent.trim()) said.push("a table without caption");
    for (const cell of table.querySelectorAll("th")) {
      if (!cell.scope) said.push(`a heading without scope: ${cell.textContent}`);
    }
    const columns = table.tHead.rows[0].cells.length;
    for (const row of table.rows) {
      const cells = [...row.cells].reduce((sum, cell) => sum + cell.colSpan, 0);
      if (cells !== columns) said.push(`${cells} cells in ${columns} columns: ${row.textContent}`);
    }
  }
  for (const svg of doc.querySelectorAll("svg")) {
    if (!svg.querySelector("title") || !svg.querySelector("desc")) said.push("a chart without title");
  }
  for (const nested of doc.querySelectorAll("p p, p div, p ul, a a, dl > :not(div)")) {
    said.push(`an element out of its place: ${nested.outerHTML.slice(0, 80)}`);
  }
  return said;
}

window.addEventListener("load", () => {
  const measured = [];
  for (const frame of document.querySelectorAll("iframe")) {
    const doc = frame.contentDocument;
    for (const language of ["vi", "en"]) {
      doc.querySelector(`label[for=language-${language}]`).click();
      const other = language === "vi" ? "en" : "vi";
      measured.push({
        width: frame.contentWindow.innerWidth,
        language,
        scroll_width: doc.documentElement.scrollWidth,
        background: frame.contentWindow.getComputedStyle(doc.documentElement).backgroundColor,
        hidden: doc.querySelector(`.in-${other}`).getClientRects().length === 0,
        wrong: wrong(doc),
        ...texts(doc),
      });
    }
  }
  document.body.textContent = `MEASURED${JSON.stringify(measured)}MEASURED`;
});
