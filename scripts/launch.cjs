'use strict';
// Written so that a Node.js too old for fsx can still read it and say so.
var version = process.versions.node.split('.').map(Number);
if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  console.error(`fsx needs Node.js 20.19 or newer; this is ${process.versions.node}. See https://nodejs.org`);
  process.exit(1);
}

import('./set-up.js')
  .then((setUp) => setUp.setUpCheckout(`${__dirname}/..`))
  .then(() => import('../bin/run.js'))
  .catch((error) => {
    console.error(`Error: ${error.isSetUpFailure ? error.message : error.stack}`);
    process.exit(1);
  });
