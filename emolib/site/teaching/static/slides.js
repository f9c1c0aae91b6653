// Starts a deck, and sets the words of a slide smaller where they would not fit.
(() => {
  // Per cent: figures first, down to a third of the slide, then the words. Below the second number nobody in the last row
  // can read; the third is for what would be cut otherwise.
  const forFigures = 84, smallest = 60, last = 45;
  const fit = (slide) => {
    const column = slide?.querySelector(".column");
    if (!column) return;
    const cut = () =>
      column.scrollHeight > column.clientHeight + 1 ||
      column.scrollWidth > column.clientWidth + 1;
    const tight = () =>
      [...column.querySelectorAll(".figures")].some((box) => box.clientHeight < 0.33 * column.clientHeight);
    const set = (size) => (column.style.fontSize = `${size}%`);
    let size = 100;
    set(size);
    while (size > forFigures && (cut() || tight())) set((size -= 4));
    while (size > last && cut()) set((size -= size > smallest ? 4 : 1));
  };
  const deck = new Reveal(document.querySelector(".reveal"), {
    width: 1280, height: 720, margin: 0.05, center: false, hash: true, transition: "none",
    navigationMode: "linear", slideNumber: "c/t", plugins: [RevealNotes], pdfSeparateFragments: false,
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
