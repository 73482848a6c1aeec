// Holds neap-fleet.json to Grafana's own types, as its SDK publishes them: npm run check. Every name and every word of a choice
// is known to Grafana, in the dashboard, its panels, what they ask and the options of their kind.
import {readFileSync} from 'node:fs';
import Ajv from 'ajv';
import {createGenerator} from 'ts-json-schema-generator';

const types = new URL('node_modules/@grafana/grafana-foundation-sdk/dist/', import.meta.url).pathname;
const generators = {}, validators = {};

function validator(module, type) {
  generators[module] ??= createGenerator({path: `${types}${module}/types.gen.d.ts`, type: '*', skipTypeCheck: true});
  return validators[module + type] ??= new Ajv({strict: false, allErrors: true}).compile(generators[module].createSchema(type));
}

function faults(value, place, module, type) {
  const validate = validator(module, type);
  return validate(value) ? [] : validate.errors.map(each => `${place}${each.instancePath}: ${each.message} ${JSON.stringify(each.params)}`);
}

// In the SDK's types a panel's queries are a mark alone, which is no part of the JSON: each is held to its own type.
const withoutQueries = ({targets, ...panel}) => panel;

const dashboard = JSON.parse(readFileSync(process.argv[2] ?? new URL('neap-fleet.json', import.meta.url)));
const found = faults({...dashboard, panels: []}, 'dashboard', 'dashboard', 'Dashboard');
for (const panel of dashboard.panels) {
  if (panel.type === 'row') {
    found.push(...faults(panel, panel.title, 'dashboard', 'RowPanel'));
    continue;
  }
  found.push(...faults(withoutQueries(panel), panel.title, 'dashboard', 'Panel'));
  found.push(...faults(panel.options ?? {}, `${panel.title}: options`, panel.type, 'Options'));
  for (const target of panel.targets) found.push(...faults(target, `${panel.title}: query`, 'prometheus', 'Dataquery'));
}
for (const each of found) console.error(each);
console.log(`${dashboard.panels.length} panels and rows, ${found.length} faults`);
process.exit(found.length ? 1 : 0);
