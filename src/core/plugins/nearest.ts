import { distance } from 'fastest-levenshtein';

/** The names that a person may have meant, nearest first: those within a third of the name's length in edits. */
export function nearestNames(name: string, known: readonly string[], limit = 3): string[] {
  const reach = Math.max(2, Math.ceil(name.length / 3));
  return known
    .map((candidate) => ({ candidate, edits: editsBetween(name, candidate) }))
    .filter(({ edits }) => edits <= reach)
    .sort((a, b) => a.edits - b.edits || a.candidate.localeCompare(b.candidate))
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** Upper and lower case, hyphens and underscores are not told apart; a name that continues the other is near it. */
function editsBetween(name: string, candidate: string): number {
  const [a, b] = [plain(name), plain(candidate)];
  if (a.length >= 3 && (b.startsWith(a) || a.startsWith(b))) return 1;
  return distance(a, b);
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_\s]/g, '');
}
