/* The one global of the page's scripts, and how they touch the document: text is only ever set as
   text, so nothing that came with an event can become markup. */
window.vigie = (() => {
  "use strict";

  const byId = (id) => document.getElementById(id);

  const make = (tag, className = "", text = "") => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text) node.textContent = text;
    return node;
  };

  /* Only changes are written: a rewrite would be read out by screen readers again. */
  const setText = (node, text) => {
    if (node && node.textContent !== text) node.textContent = text;
  };

  const setHidden = (node, hidden) => {
    if (node && node.hidden !== hidden) node.hidden = hidden;
  };

  const setProps = (id, props) => window.dash_clientside.set_props(id, props);

  return { byId, make, setText, setHidden, setProps, actions: {} };
})();
