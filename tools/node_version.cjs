// Ends with 0 if this Node.js is as new as the version that is given, as "20.19".
const [major, minor] = process.versions.node.split(".").map(Number);
const [wantedMajor, wantedMinor] = process.argv[2].split(".").map(Number);
process.exit(major > wantedMajor || (major === wantedMajor && minor >= wantedMinor) ? 0 : 1);
