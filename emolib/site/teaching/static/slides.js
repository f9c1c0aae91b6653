// Starts a deck, and sets the words of a slide smaller where they would not fit.
(() => {
  const smallest = 45; // per cent: below it nobody in the last row can read.
  const fit = (slide) => {
    const column = slide?.querySelector(".column");
    if (!column) return;
    column.style.fontSize = "100%";
    const over = () =>
      column.scrollHeight > column.clientHeight + 4 ||
      column.scrollWidth > column.clientWidth + 4 ||
      [...column.querySelectorAll(".figures")].some((box) => box.clientHeight < 0.33 * column.clientHeight);
    for (let size = 96; over() && size >= smallest; size -= 4) column.style.fontSize = `${size}%`;
  };
  const deck = new Reveal(document.querySelector(".reveal"), {
    width: 1280, height: 720, margin: 0.05, center: false, hash: true, transition: "none",
    slideNumber: "c/t", plugins: [RevealNotes], pdfSeparateFragments: false,
  });
  deck.on("slidechanged", (event) => fit(event.currentSlide));
  deck.initialize().then(() => {
    fit(deck.getCurrentSlide());
    // Figures and formulas take their room when they have come.
    window.addEventListener("load", () => fit(deck.getCurrentSlide()));
    window.MathJax?.startup?.promise?.then(() => fit(deck.getCurrentSlide()));
  });
  window.deck = deck;
})();
