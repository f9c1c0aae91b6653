// Paper is light: a page that is printed from the dark theme takes the light one, and gets its own back.
(() => {
  const root = document.documentElement;
  let before = null;
  window.addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    root.dataset.theme = "light";
  });
  window.addEventListener("afterprint", () => {
    if (before !== null) root.dataset.theme = before;
  });
})();
