/** A number that matters, with what it counts. */
interface TileProps {
  readonly tone: string;
  readonly value: string;
  readonly label: string;
}

/** One of the tiles at the top of a page. */
export function Tile({ tone, value, label }: TileProps) {
  return (
    <div class={`tile ${tone}`}>
      <strong>{value}</strong> {label}
    </div>
  );
}
