// Paper is light and can't be clicked: a page that is printed from the dark theme takes the light one, shows the code that
// was folded away and loads the pictures that wait further down; afterwards it is as it was.
(() => {
  const root = document.documentElement;
  let before = null;
  let opened = [];
  window.addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    root.dataset.theme = "light";
    opened = [...document.querySelectorAll(".bd-article details:is(.hide, .sd-dropdown):not([open])")];
    for (const each of opened) each.open = true;
    for (const image of document.querySelectorAll("img[loading=lazy]")) image.loading = "eager";
  });
  window.addEventListener("afterprint", () => {
    if (before !== null) root.dataset.theme = before;
    for (const each of opened) each.open = false;
    opened = [];
  });
})();
