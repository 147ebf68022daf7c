// Package wire is the codec of lossproof's wire protocol, version 1, for both sides:
// the judge encodes requests and decodes answers, a port does the reverse, and
// [Serve] makes a process on stdin and stdout out of any [ports.Port].
//
// A message is one JSON object on one line, ended by a line feed. Requests:
//
//	{"cmd":"hello","protocol":1}
//	{"cmd":"run","id":17,"module":"BCEWithLogitsLoss","options":{"reduction":"mean"},
//	 "inputs":{"input":T,"target":T},"want":["loss","grad_input"]}
//	{"cmd":"bye"}
//
// Answers, to hello and to run; bye has none:
//
//	{"protocol":1,"port":{"name":…,"version":…,"language":…,"language_version":…},"slow":true,
//	 "modules":{"BCEWithLogitsLoss":{"dtypes":[…],"outputs":[…],"without":[…]}}}
//	{"protocol":1,"error":"…"}
//	{"id":17,"outputs":{"loss":T,"grad_input":T}}
//	{"id":17,"rejected":{"kind":"shape","message":"…","static":true}}
//	{"id":17,"unsupported":{"reason":"…","issue_url":"…"}}
//	{"id":17,"failed":{"message":"…","traceback":"…"}}
//
// A tensor T is {"dtype":"float32","shape":[3,5],"data":"…"}, its data the base64
// (RFC 4648, padded) of the little-endian, row-major bytes; a bool is one byte, 0 or 1.
//
// Members that the protocol does not name are ignored. The names of options and
// inputs are no such members: to ignore one would compute something else, so an
// unknown one is an [UnknownNameError], and Serve answers "unsupported".
// A member that stands twice is an error, and null is nowhere a value. Texts that are for people
// are made plain, and cut where they are long.
//
// Decoding never panics, and allocates no more than a small multiple of the line,
// which is at most [MaxLine] bytes long.
package wire

// Version is the protocol that this package speaks.
const Version = 1

// MaxLine is the greatest length of a line in bytes, without its line feed.
const MaxLine = 64 << 20

// maxID is the greatest id: JSON numbers are exact up to 2⁵³.
const maxID = 1 << 53
