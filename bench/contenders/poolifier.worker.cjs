// CommonJS, because a cluster worker of poolifier that is an ES module never sees the first messages (its issue 782).
const { ClusterWorker } = require("poolifier");

module.exports = new ClusterWorker((params) => params);
