import { stem } from '../../text/index.js';

/** Words that questions use for what documents call otherwise. */
const groups = `
need require requirement
number amount count quantity
option setting parameter argument
stop abort cancel end
make create build produce
begin start
begin launch open
show display print
delete remove
error exception failure
find search
cost price
die died death dead
win defeat beat winner victory
write author
big large
set configure specify
check validate verify
say state claim argue
happen occur
get receive obtain
buy purchase
call name know term
found establish
use utilize
help assist
live reside inhabit
study research
job occupation profession
`;

const kin = new Map<string, Set<string>>();
for (const line of groups.trim().split('\n')) {
  const stems = line.trim().split(' ').map(stem);
  for (const word of stems) {
    const known = kin.get(word) ?? new Set<string>();
    for (const other of stems) if (other !== word) known.add(other);
    kin.set(word, known);
  }
}

/** Stems that may stand for this stem in a document. */
export const synonymsOf = (term: string): ReadonlySet<string> | undefined => kin.get(term);
