// A screen reader would read Spanish as if it were English: Streamlit's page always says "en".
export default function ({ data }) {
  document.documentElement.lang = data.language;
}
