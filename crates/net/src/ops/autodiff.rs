//! The gradients of the kernels in burn's graph.

use super::extension::KernelOps;
use super::flex::{self, Values};
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};
use siderin_kernels::{Activation, Conv, MaxPool, Moments, Norm, Upsample};

/// A tensor with a place in the graph.
type Node<C> = FloatTensor<Autodiff<Flex, C>>;

/// The gradients of a convolution to its input, kernel and bias.
type ConvGradients = fn(&Values, &Values, &Values, &Conv, [bool; 3]) -> [Option<Values>; 3];

#[derive(Debug)]
struct ConvBackward {
    gradients: ConvGradients,
}

impl Backward<Flex, 3> for ConvBackward {
    type State = (NodeId, NodeId, Conv);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let (x, weight, conv) = ops.state;
        let dy = grads.consume::<Flex>(&ops.node);
        let x = checkpointer.retrieve_node_output::<Values>(x);
        let weight = checkpointer.retrieve_node_output::<Values>(weight);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let found = (self.gradients)(&x, &weight, &dy, &conv, wanted);
        for (node, gradient) in ops.parents.into_iter().zip(found) {
            if let Some((node, gradient)) = node.zip(gradient) {
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}

/// A convolution or a transposed one, with its gradients.
fn conv<C: CheckpointStrategy>(
    [x, weight, bias]: [Node<C>; 3],
    conv: Conv,
    forward: fn(Values, Values, Values, Conv) -> Values,
    gradients: ConvGradients,
) -> Node<C> {
    match (ConvBackward { gradients })
        .prepare::<C>([x.node(), weight.node(), bias.node()])
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(mut prep) => {
            let state = (prep.checkpoint(&x), prep.checkpoint(&weight), conv);
            let y = forward(
                x.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
                conv,
            );
            prep.finish(state, y)
        }
        OpsKind::UnTracked(prep) => prep.finish(forward(
            x.into_primitive(),
            weight.into_primitive(),
            bias.into_primitive(),
            conv,
        )),
    }
}

#[derive(Debug)]
struct NormBackward;

impl Backward<Flex, 3> for NormBackward {
    type State = (NodeId, [Values; 2], Norm, Vec<Moments>);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let (x, [gamma, beta], norm, moments) = ops.state;
        let dy = grads.consume::<Flex>(&ops.node);
        let x = checkpointer.retrieve_node_output::<Values>(x);
        let found = flex::norm_gradients(&x, &dy, [&gamma, &beta], &norm, &moments);
        for (node, gradient) in ops.parents.into_iter().zip(found) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}

/// The gradient of an operation without parameters, from its input and the gradient to its output.
type Gradient<O> = fn(&Values, &Values, &O) -> Values;

#[derive(Debug)]
struct PlainBackward<O> {
    gradient: Gradient<O>,
}

impl<O: Copy + Send + std::fmt::Debug + 'static> Backward<Flex, 1> for PlainBackward<O> {
    type State = (NodeId, O);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let (x, operation) = ops.state;
        let dy = grads.consume::<Flex>(&ops.node);
        let x = checkpointer.retrieve_node_output::<Values>(x);
        let [node] = ops.parents;
        if let Some(node) = node {
            grads.register::<Flex>(node.id, (self.gradient)(&x, &dy, &operation));
        }
    }
}

/// An operation without parameters, with its gradient.
fn plain<C: CheckpointStrategy, O: Copy + Send + std::fmt::Debug + 'static>(
    x: Node<C>,
    operation: O,
    forward: fn(Values, O) -> Values,
    gradient: Gradient<O>,
) -> Node<C> {
    match (PlainBackward { gradient })
        .prepare::<C>([x.node()])
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(mut prep) => {
            let state = (prep.checkpoint(&x), operation);
            prep.finish(state, forward(x.into_primitive(), operation))
        }
        OpsKind::UnTracked(prep) => prep.finish(forward(x.into_primitive(), operation)),
    }
}

impl<C: CheckpointStrategy> KernelOps for Autodiff<Flex, C> {
    fn kernel_conv(x: Node<C>, weight: Node<C>, bias: Node<C>, conv: Conv) -> Node<C> {
        self::conv::<C>(
            [x, weight, bias],
            conv,
            Flex::kernel_conv,
            flex::conv_gradients,
        )
    }

    fn kernel_conv_transpose(x: Node<C>, weight: Node<C>, bias: Node<C>, conv: Conv) -> Node<C> {
        self::conv::<C>(
            [x, weight, bias],
            conv,
            Flex::kernel_conv_transpose,
            flex::conv_transpose_gradients,
        )
    }

    fn kernel_norm(
        x: Node<C>,
        gamma: Node<C>,
        beta: Node<C>,
        norm: Norm,
    ) -> (Node<C>, Node<C>, Node<C>) {
        let statistics = flex::statistics(x.primitive(), &norm);
        let [mean, variance] = flex::moments(&statistics).map(Node::<C>::new);
        let y = match NormBackward
            .prepare::<C>([x.node(), gamma.node(), beta.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let x_state = prep.checkpoint(&x);
                let y = flex::norm(
                    x.primitive(),
                    gamma.primitive(),
                    beta.primitive(),
                    &norm,
                    &statistics,
                );
                let affine = [gamma.into_primitive(), beta.into_primitive()];
                prep.finish((x_state, affine, norm, statistics), y)
            }
            OpsKind::UnTracked(prep) => prep.finish(flex::norm(
                x.primitive(),
                gamma.primitive(),
                beta.primitive(),
                &norm,
                &statistics,
            )),
        };
        (y, mean, variance)
    }

    fn kernel_activation(x: Node<C>, activation: Activation) -> Node<C> {
        plain::<C, _>(
            x,
            activation,
            Flex::kernel_activation,
            |x, dy, activation| flex::activation_gradient(x, dy, *activation),
        )
    }

    fn kernel_max_pool(x: Node<C>, pool: MaxPool) -> Node<C> {
        plain::<C, _>(x, pool, Flex::kernel_max_pool, flex::max_pool_gradient)
    }

    fn kernel_upsample(x: Node<C>, upsample: Upsample) -> Node<C> {
        plain::<C, _>(x, upsample, Flex::kernel_upsample, |_, dy, upsample| {
            flex::upsample_gradient(dy, upsample)
        })
    }
}
