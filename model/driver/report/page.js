// Draws every figure with the page's own colours, and again when the page turns light or dark.
(() => {
  const config = { displayModeBar: false, responsive: true };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paper = matchMedia("print");

  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    for (const node of document.querySelectorAll(".plot")) {
      const text = node.previousElementSibling.textContent;
      const painted = text.replace(/var\((--\w+)\)/g, (_, name) =>
        style.getPropertyValue(name).trim(),
      );
      const figure = JSON.parse(painted);
      Plotly.react(node, figure.data, figure.layout, config);
    }
  };

  dark.addEventListener("change", draw);
  paper.addEventListener("change", draw);
  draw();
})();
