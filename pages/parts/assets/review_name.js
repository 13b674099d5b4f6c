// Remembers the reviewer's name in this tab, so that a reload does not ask for it again.
const PLACE = "desempate-reviewer";
export default function ({ data, setStateValue }) {
  try {
    if (data.name) sessionStorage.setItem(PLACE, data.name);
    else if (sessionStorage.getItem(PLACE)) setStateValue("name", sessionStorage.getItem(PLACE));
  } catch (error) {
    console.warn("review: this tab cannot remember a name", error);
  }
}
