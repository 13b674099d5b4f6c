// Thumbnails that can be clicked. Every text goes through textContent: names come from files.
const drawnAs = new WeakMap();

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function move(event, buttons, index) {
  const perRow = buttons.filter((b) => b.offsetTop === buttons[0].offsetTop).length;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -perRow, ArrowDown: perRow }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const next = buttons[index + step];
  if (!next) return;
  buttons[index].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".root");
  if (!root || !data) return;
  root.onclick = (event) => {
    const button = event.target.closest("button.item");
    if (button) setTriggerValue("clicked", Number(button.dataset.position));
  };
  const content = JSON.stringify(data);
  if (drawnAs.get(root) === content) return; // whoever closes an image is still where they were
  drawnAs.set(root, content);
  root.setAttribute("aria-label", data.alt);
  const buttons = [];
  data.items.forEach((item, index) => {
    const button = element("button", "item");
    button.type = "button";
    button.title = item.title;
    button.tabIndex = index === 0 ? 0 : -1;
    const image = element("img");
    image.src = item.src;
    image.alt = item.title;
    image.width = image.height = data.size_px;
    button.append(image, element("span", "caption", item.caption));
    if (item.sub) {
      const sub = element("span", "sub", item.sub);
      sub.title = item.sub; // a long name is cut off
      button.append(sub);
    }
    button.dataset.position = item.position;
    button.onkeydown = (event) => move(event, buttons, index);
    buttons.push(button);
  });
  root.replaceChildren(...buttons);
}
