// A Node service that uses a stock MessagePack-RPC client. Arguments: port, calls as JSON.
const rpc = require('msgpack-rpc-lite');

async function main() {
  const calls = JSON.parse(process.argv[3]);
  const client = rpc.createClient(Number(process.argv[2]), '127.0.0.1');
  const ask = async (method, args) => (await client.request(method, args))[0];
  const answer = {
    leaders: await ask('graph.leaders', calls.leaders),
    list: await ask('rec.user', calls.list),
    put: await ask('event.put', calls.put),
  };
  try {
    await client.request('graph.ego', { user: 'nobody' });
    answer.error = 'none';
  } catch (error) {
    answer.error = String(error.message || error);
  }
  process.stdout.write(JSON.stringify(answer), () => process.exit(0));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
