// The theme takes the focus away from the buttons of the header when they are pressed, so that their hints vanish. Who uses
// the keyboard would be sent back to the top of the page by that, also after a menu is closed: pressed without a pointer,
// these buttons keep the focus.
window.addEventListener(
  "click",
  (event) => {
    const button = event.target.closest?.("button");
    if (!button || event.detail !== 0) return;
    button.blur = () => {};
    // The theme's own listener runs before this: from then on the button can be left as any other.
    setTimeout(() => delete button.blur);
  },
  true,
);
