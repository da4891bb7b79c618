// A Go service that uses net/rpc with ugorji's MessagePack-RPC codec. Arguments: port, calls as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/rpc"
	"os"
	"reflect"

	"github.com/ugorji/go/codec"
)

func main() {
	var calls map[string]map[string]interface{}
	check(json.Unmarshal([]byte(os.Args[2]), &calls))
	var handle codec.MsgpackHandle
	handle.RawToString = true
	handle.WriteExt = true
	handle.MapType = reflect.TypeOf(map[string]interface{}(nil))
	connection, err := net.Dial("tcp", "127.0.0.1:"+os.Args[1])
	check(err)
	client := rpc.NewClientWithCodec(codec.MsgpackSpecRpc.ClientCodec(connection, &handle))
	ask := func(method string, args map[string]interface{}) (interface{}, error) {
		var reply interface{}
		err := client.Call(method, codec.MsgpackSpecRpcMultiArgs{args}, &reply)
		return reply, err
	}
	answer := map[string]interface{}{}
	for key, method := range map[string]string{"leaders": "graph.leaders", "list": "rec.user", "put": "event.put"} {
		answer[key], err = ask(method, calls[key])
		check(err)
	}
	_, err = ask("graph.ego", map[string]interface{}{"user": "nobody"})
	answer["error"] = fmt.Sprint(err)
	check(json.NewEncoder(os.Stdout).Encode(answer))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
