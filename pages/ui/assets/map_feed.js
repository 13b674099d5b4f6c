// Hands what may change to the map of that name, so that the points need not be sent again.
export default function ({ data, setStateValue }) {
  if (!data) return;
  const maps = (window.desempateMaps ??= new Map());
  if (!maps.has(data.map)) maps.set(data.map, {});
  const shared = maps.get(data.map);
  shared[data.what] = { ...data, ask: (rows) => setStateValue("asked", rows) };
  if (shared.changed) shared.changed(data.what);
}
