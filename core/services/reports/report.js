for (const table of document.querySelectorAll("table.sortable")) {
  const value = (row, at) => {
    const text = row.cells[at].textContent.trim();
    const decimalComma = document.documentElement.lang === "es";
    const bare = decimalComma ? text.replace(/\./g, "").replace(",", ".") : text.replace(/,/g, "");
    return /^[-+]?\d/.test(bare) ? parseFloat(bare) : text;
  };
  table.querySelectorAll("thead th").forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = table.dataset.hint;
    button.append(...head.childNodes);
    head.append(button);
    let up = false;
    button.addEventListener("click", () => {
      up = !up;
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => {
        const [x, y] = [value(a, at), value(b, at)];
        const order = typeof x === typeof y ? (x > y) - (x < y) : typeof x === "number" ? -1 : 1;
        return up ? order : -order;
      });
      table.tBodies[0].append(...rows);
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
    });
  });
}
