/* Loads scripts of the player as the browser has them: in one scope, in the order of its component. */

import { readFileSync } from 'node:fs';

const HOME = new URL('../../studio/widgets/player/', import.meta.url);
const DECLARED = /^(?:async )?(?:function|class|const|let) (\w+)/gm;

/* Returns all that these files declare at their top. What else they name they find at globalThis. */
export async function load(...names) {
  const text = names.map((name) => readFileSync(new URL(name, HOME), 'utf8')).join('\n').replace(/^export default /gm, '');
  const declared = [...text.matchAll(DECLARED)].map(([, name]) => name);
  return import(`data:text/javascript,${encodeURIComponent(`${text}\nexport { ${declared.join(', ')} };`)}`);
}
